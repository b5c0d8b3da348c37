#include "api/native/delivery_json.h"

#include <algorithm>

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"

namespace posthorn::api::native {

namespace {

// Milliseconds with three decimals.
std::string milliseconds(std::chrono::microseconds duration) {
  const auto count = std::max<std::int64_t>(duration.count(), 0);
  std::string fraction = std::to_string(count % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(count / 1000) + '.' + fraction;
}

}  // namespace

void append_delivery(std::string& body, const domain::Delivery& delivery) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(delivery.id));
  json.string("event", to_text(delivery.event));
  json.string("subscription", to_text(delivery.subscription));
  json.string("topic", delivery.topic);
  json.string("status", domain::to_text(delivery.state));
  json.integer("attempts", delivery.attempts);
  if (delivery.state == domain::DeliveryState::pending && delivery.due < domain::kNeverDue) {
    json.time("nextAttemptAt", delivery.due);
  } else {
    json.null("nextAttemptAt");
  }
  json.time("createdAt", delivery.created_at);
  json.time("updatedAt", delivery.updated_at);
  json.end_object();
}

void append_attempt(std::string& body, const domain::Attempt& attempt) {
  JsonWriter json(body);
  json.begin_object();
  json.integer("number", attempt.number);
  json.time("startedAt", attempt.started_at);
  json.raw("durationMs", milliseconds(attempt.duration));
  if (attempt.status == 0) {
    json.null("statusCode");
  } else {
    json.integer("statusCode", attempt.status);
  }
  if (attempt.failure == domain::FailureKind::none) {
    json.null("failure");
  } else {
    json.string("failure", domain::to_text(attempt.failure));
  }
  json.string_or_null("detail", attempt.detail);
  json.string("response", attempt.response);
  json.end_object();
}

net::HttpResponse delivery_page(const RequestContext& context, const store::Page<domain::Delivery>& page) {
  std::string body = R"({"items":[)";
  for (const auto& delivery : page.items) {
    if (context.reaches(delivery.subscription.key)) append_delivery(body, delivery);
  }
  finish_page(body, context, page.next == 0 ? std::string() : std::to_string(page.next));
  return json_answer(200, std::move(body));
}

}  // namespace posthorn::api::native
