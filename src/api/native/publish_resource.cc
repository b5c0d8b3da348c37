// Publishing: the hot path of the whole server. What it does for a request is done once: the body is scanned in place, the
// event's data stays where it came, the answer is appended by hand.
#include <algorithm>
#include <charconv>

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/problem.h"
#include "api/native/publish_input.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using outbound::Published;
using outbound::PublishRequest;

void append_number(std::string& body, std::uint32_t value) {
  char digits[16];
  body.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_published(std::string& body, const Published& published) {
  if (published.external_id.empty()) {
    body += R"("id":")";
    body += to_text(published.id);
    body += '"';
  } else {
    body += R"("id":)";
    append_json_string(body, published.external_id);
  }
  body += R"(,"deliveries":)";
  append_number(body, published.deliveries);
  body += '}';
}

net::Task<Answer> publish(Services services, RequestContext& context) {
  const auto headers = read_publish_headers(context.request.headers, kIdempotencyKeyBytesMax);
  if (!headers) co_return headers.error();
  auto event = read_event(context.request.body, *headers);
  if (!event) co_return std::move(event).error();
  event->request_id = context.request_id;
  const auto published = co_await services.publisher.publish(*context.tenant, std::move(*event));
  if (!published) co_return published.error();

  net::HttpResponse response;
  response.status = 202;
  response.body.reserve(80 + published->external_id.size());
  response.body += '{';
  append_published(response.body, *published);
  if (published->replayed) response.headers.push_back({"Idempotent-Replayed", "true"});
  co_return response;
}

// A field of one event of the batch, as a place in the whole body.
Error at_position(Error error, std::size_t position) {
  if (error.field == "Idempotency-Key") return error;
  const std::string place = "events/" + std::to_string(position);
  error.field = error.field.empty() ? place : place + '/' + error.field;
  return error;
}

void append_result(std::string& body, const Result<Published>& result, std::size_t position, std::string_view request_id) {
  if (result) {
    body += R"({"status":202,)";
    append_published(body, *result);
    return;
  }
  const Error error = at_position(result.error(), position);
  body += R"({"status":)";
  append_number(body, static_cast<std::uint32_t>(status_of(error)));
  body += R"(,"problem":)";
  append_problem(body, error, request_id);
  body += '}';
}

// What could be read of a batch: requests in order, and for each event of the call either its place among them or its error.
struct ReadBatch {
  std::vector<PublishRequest> requests;
  std::vector<Result<std::size_t>> places;
};

ReadBatch read_events(const std::vector<std::string_view>& events, const PublishHeaders& headers) {
  ReadBatch batch;
  batch.requests.reserve(events.size());
  batch.places.reserve(events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto request = read_event(events[i], headers);
    if (!request) {
      batch.places.emplace_back(std::move(request).error());
      continue;
    }
    if (!request->idempotency_key.empty()) request->idempotency_key += '#' + std::to_string(i);
    batch.places.emplace_back(batch.requests.size());
    batch.requests.push_back(std::move(*request));
  }
  return batch;
}

net::Task<Answer> publish_batch(Services services, RequestContext& context) {
  const auto headers = read_publish_headers(context.request.headers, kBatchKeyBytesMax);
  if (!headers) co_return headers.error();
  const auto events = read_batch(context.request.body);
  if (!events) co_return events.error();
  ReadBatch batch = read_events(*events, *headers);
  for (auto& request : batch.requests) request.request_id = context.request_id;
  const auto published = co_await services.publisher.publish_batch(*context.tenant, std::move(batch.requests));
  if (!published) co_return published.error();

  std::string body;
  body.reserve(16 + events->size() * 96);
  body += R"({"results":[)";
  for (std::size_t i = 0; i < batch.places.size(); ++i) {
    if (i > 0) body += ',';
    const auto& place = batch.places[i];
    append_result(body, place ? (*published)[*place] : Result<Published>(place.error()), i, context.request_id);
  }
  body += "]}";
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_publish_routes(std::vector<Route>& routes, const Services& services) {
  const std::size_t event_bytes = services.event_body_bytes_max + kEnvelopeBytesMax;
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/events",
                    .action = Action::publish,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = event_bytes,
                    .handler = handler(services, publish)});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/events/batch",
                    .action = Action::publish,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = std::max(kBatchBodyBytesMax, event_bytes),
                    .handler = handler(services, publish_batch)});
}

}  // namespace posthorn::api::native
