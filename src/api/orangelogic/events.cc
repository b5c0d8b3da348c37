// testdelivery, testpredicates, triggerevent, gettopics.
#include <boost/json/array.hpp>

#include "api/kit/surface_routes.h"
#include "api/orangelogic/document.h"
#include "api/orangelogic/orangelogic_routes.h"
#include "api/orangelogic/subscription.h"
#include "base/text.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/subscription_document.h"
#include "domain/outbound/topic.h"
#include "json/plain_text.h"
#include "json/reader.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;
using domain::Action;

constexpr std::size_t kTopicsMax = 10'000;  // shown by gettopics

// Texts that are there; errors name the member.
Result<std::string> text_of(const bj::object& object, std::string_view name, std::size_t bytes_max, bool required) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) {
    return required ? Result<std::string>(invalid(std::string(name), "is required", "required")) : std::string();
  }
  if (!value->is_string()) return invalid(std::string(name), "must be a string", "wrong_type");
  std::string text(value->get_string());
  if (text.size() > bytes_max) return invalid(std::string(name), "is too long", "too_long");
  return text;
}

Result<outbound::TestCall> read_test_call(const Services& services, const RequestContext& context, const bj::object& object) {
  outbound::TestCall call;
  call.tenant = context.tenant->key;
  call.tenant_name = context.tenant->name;
  const auto id = text_of(object, "subscriptionId", kNameBytesMax, false);
  if (!id) return id.error();
  auto url = text_of(object, "targetUrl", kUrlBytesMax, id->empty());
  if (!url) return std::move(url).error();
  if (!id->empty() && !url->empty()) return invalid("targetUrl", "must not stand beside subscriptionId");
  if (!id->empty()) {
    const auto subscription = find_subscription(services, context, *id);
    if (!subscription) return subscription.error();
    call.subscription = *subscription;
  }
  call.url = std::move(*url);
  const auto* payload = object.if_contains("payload");
  if (payload == nullptr) return invalid("payload", "is required", "required");
  const bool is_text = payload->is_string() && call.subscription == nullptr;
  call.payload_kind = is_text ? outbound::TestCall::Payload::text : outbound::TestCall::Payload::json;
  call.payload = is_text ? std::string(payload->get_string()) : posthorn::json::to_plain_text(*payload);
  if (const auto* headers = object.if_contains("customHeaders")) {
    auto settings = domain::read_settings({{"headers", *headers}}, {});
    if (!settings) return invalid("customHeaders", settings.error().message);
    call.headers = std::move(settings->headers);
  }
  return call;
}

net::Task<Answer> test_delivery(Services services, RequestContext& context) {
  const auto object = read_members(context.request.body, {"subscriptionId", "targetUrl", "payload", "customHeaders"});
  if (!object) co_return object.error();
  auto call = read_test_call(services, context, *object);
  if (!call) co_return std::move(call).error();
  const auto report = co_await services.tests->send(std::move(*call));
  if (!report) {
    Error error = report.error();
    if (error.field == "url") error.field = "targetUrl";
    co_return error;
  }
  bj::object answer;
  const auto& response = report->response;
  answer["responseCode"] = response.status == 0 ? bj::value(nullptr) : bj::value(response.status);
  answer["responseBody"] = is_valid_utf8(response.body) ? response.body : base64_encode(response.body);
  bj::object headers;
  for (const auto& header : response.headers) {
    if (is_valid_utf8(header.value)) headers[header.name] = header.value;
  }
  answer["responseHeaders"] = std::move(headers);
  answer["durationMs"] = std::chrono::duration_cast<Milliseconds>(report->duration).count();
  if (response.status == 0) answer["error"] = report->detail;
  co_return document_answer(context.request, 200, answer);
}

net::Task<Answer> test_predicates(Services services, RequestContext& context) {
  const auto object = read_members(context.request.body, {"subscriptionId", "topic", "data", "tenant", "userId"});
  if (!object) co_return object.error();
  const auto id = text_of(*object, "subscriptionId", kNameBytesMax, true);
  const auto topic = text_of(*object, "topic", kTopicBytesMax, true);
  const auto user = text_of(*object, "userId", kUserBytesMax, false);
  const auto tenant = text_of(*object, "tenant", kNameBytesMax, false);
  for (const auto* text : {&id, &topic, &user, &tenant}) {
    if (!*text) co_return text->error();
  }
  if (auto checked = domain::check_topic(*topic, "topic"); !checked) co_return std::move(checked).error();
  const auto subscription = find_subscription(services, context, *id);
  if (!subscription) co_return subscription.error();

  domain::Event event;
  event.tenant = context.tenant->key;
  event.topic = *topic;
  event.user = *user;
  event.time = services.clock.wall_now();
  const auto* data = object->if_contains("data");
  event.payload = data == nullptr ? "null" : posthorn::json::to_plain_text(*data);
  domain::EventDocument document(event, tenant->empty() ? context.tenant->name : *tenant);
  const auto& settings = (*subscription)->settings;
  const auto explanation = domain::explain(settings, event, document);
  const auto shown = [](const std::vector<domain::PredicatePtr>& list, std::optional<std::size_t> index) {
    return index ? bj::value(list[*index]->source()) : bj::value(nullptr);
  };
  bj::object answer;
  answer["includePredicate"] = shown(settings.include, explanation.selection.include);
  answer["excludePredicate"] = shown(settings.exclude, explanation.selection.exclude);
  answer["applied"] = explanation.refusal == domain::Refusal::none;
  co_return document_answer(context.request, 200, answer);
}

net::Task<Answer> trigger_event(Services services, RequestContext& context) {
  const auto object = read_members(context.request.body, {"topic", "data", "userId"});
  if (!object) co_return object.error();
  auto topic = text_of(*object, "topic", kTopicBytesMax, true);
  auto user = text_of(*object, "userId", kUserBytesMax, false);
  if (!topic) co_return std::move(topic).error();
  if (!user) co_return std::move(user).error();
  const auto* data = object->if_contains("data");
  if (data == nullptr) co_return invalid("data", "is required", "required");
  const std::string payload = posthorn::json::to_plain_text(*data);
  const auto hops = outbound::read_hops(context.request.headers);
  if (!hops) co_return hops.error();
  outbound::PublishRequest request;
  request.hops = *hops;
  request.topic = std::move(*topic);
  request.user = std::move(*user);
  request.data = payload;
  request.request_id = context.request_id;
  const auto published = co_await services.publisher.publish(*context.tenant, std::move(request));
  if (!published) co_return published.error();
  const bj::object answer{{"eventId", published->public_id()}};
  co_return document_answer(context.request, 202, answer);
}

net::Task<Answer> get_topics(Services services, RequestContext& context) {
  bj::array topics;
  for (const auto& topic : services.catalogue.list_topics(context.tenant->key, "", kTopicsMax)) {
    topics.push_back({{"name", topic->name}, {"description", topic->description}});
  }
  const bj::object answer{{"topics", std::move(topics)}};
  co_return document_answer(context.request, 200, answer);
}

}  // namespace

void add_event_routes(std::vector<Route>& routes, const Services& services) {
  SurfaceRoutes add(routes, services, kSurface, services.event_body_bytes_max);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/testdelivery_22C_v1",
       .action = Action::test_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      test_delivery);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/testpredicates_22D_v1",
       .action = Action::test_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      test_predicates);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/triggerevent_22N_v1",
       .action = Action::trigger_events,
       .body = BodyKind::json},
      trigger_event);
  // The page prints a zero; it may be a letter in the product.
  for (const std::string_view pattern : {"/orangelogic/webapi/extensibility/webhook/subscription/gettopics_220_v1",
                                         "/orangelogic/webapi/extensibility/webhook/subscription/gettopics_22O_v1"}) {
    add({.method = Method::post, .pattern = pattern, .action = Action::read_topics, .body = BodyKind::optional_empty},
        get_topics);
  }
}

}  // namespace posthorn::api::orangelogic
