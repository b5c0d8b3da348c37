// Trying out predicates: whether one subscription would get an event, and who would get one that is published.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/native/publish_input.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/topic.h"
#include "json/plain_text.h"
#include "json/reader.h"
#include "outbound/dry_run.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using Predicates = std::vector<domain::PredicatePtr>;

void append_predicate(JsonWriter& json, std::string_view name, const Predicates& list, std::optional<std::size_t> index) {
  if (!index) {
    json.null(name);
  } else {
    json.raw(name, posthorn::json::to_plain_text(list[*index]->source()));
  }
}

// The members "include", "exclude", "applies" and "reason".
void append_explanation(JsonWriter& json, const domain::SubscriptionSettings& settings,
                        const domain::Explanation& explanation) {
  append_predicate(json, "include", settings.include, explanation.selection.include);
  append_predicate(json, "exclude", settings.exclude, explanation.selection.exclude);
  json.boolean("applies", explanation.refusal == domain::Refusal::none);
  json.string_or_null("reason", to_text(explanation.refusal));
}

// {"topic","data","userId"?,"scope"?,"id"?,"time"?}: an event that need not be one that could be published.
Result<domain::Event> read_test_event(std::string_view body, const domain::Tenant& tenant) {
  const auto object = read_object(body);
  if (!object) return object.error();
  domain::Event event;
  event.tenant = tenant.key;
  event.time = SystemClock().wall_now();
  json::ObjectReader reader(*object, "");
  reader.required("topic").required("data");
  reader.string("topic", event.topic, kTopicBytesMax);
  reader.string("userId", event.user, kUserBytesMax);
  reader.string("scope", event.scope, kNameBytesMax);
  reader.string("id", event.external_id, kExternalIdBytesMax);
  std::string time;
  reader.string("time", time, 64, 1);
  reader.member("data");
  reader.only_these();
  if (!reader.ok()) return reader.error();
  if (auto checked = domain::check_topic(event.topic, "topic"); !checked) return std::move(checked).error();
  if (!time.empty()) {
    const auto parsed = parse_rfc3339(time);
    if (!parsed) return invalid("time", "must be an RFC 3339 time, such as 2026-01-31T23:59:59.123Z");
    event.time = *parsed;
  }
  event.payload = raw_document(body, "data");
  if (event.payload.empty()) event.payload = "null";
  return event;
}

net::Task<Answer> test_predicates(Services services, RequestContext& context) {
  const auto subscription = find_subscription(services, context);
  if (!subscription) co_return subscription.error();
  const auto event = read_test_event(context.request.body, *context.tenant);
  if (!event) co_return event.error();
  domain::EventDocument document(*event, context.tenant->name);
  const auto& settings = (*subscription)->settings;
  const auto explanation = domain::explain(settings, *event, document);
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  append_explanation(json, settings, explanation);
  json.end_object();
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> dry_run(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto applies = context.query.find("applies");
  if (applies.data() != nullptr && applies != "true" && applies != "false") {
    co_return invalid("applies", "must be true or false");
  }
  const auto headers = read_publish_headers(context.request.headers, kIdempotencyKeyBytesMax);
  if (!headers) co_return headers.error();
  const auto request = read_event(context.request.body, *headers);
  if (!request) co_return request.error();
  const auto event = services.publisher.preview(*context.tenant, *request);
  if (!event) co_return event.error();

  const auto rows = applies == "true" ? outbound::DryRunRows::applying : outbound::DryRunRows::all;
  const auto found = outbound::dry_run(services.catalogue, **event, rows, SubscriptionKey{*after}, page->limit);
  std::string body = R"({"deliveries":)" + std::to_string(services.catalogue.match(**event).size()) + R"(,"items":[)";
  for (const auto& row : found.rows) {
    JsonWriter json(body);
    json.begin_object();
    json.string("subscription", to_text(row.subscription->id));
    json.string("name", row.subscription->settings.name);
    append_explanation(json, row.subscription->settings, row.explanation);
    json.end_object();
  }
  finish_page(body, context, found.next ? std::to_string(found.next.value) : std::string());
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_predicate_routes(std::vector<Route>& routes, const Services& services) {
  const std::size_t event_bytes = services.event_body_bytes_max + kEnvelopeBytesMax;
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/subscriptions/{subscription}/test-predicates",
                    .action = Action::test_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = event_bytes,
                    .handler = handler(services, test_predicates)});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/events/dry-run",
                    .action = Action::trigger_events,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = event_bytes,
                    .query = {"limit", "cursor", "applies"},
                    .handler = handler(services, dry_run)});
}

}  // namespace posthorn::api::native
