// Reading a subscription of kind poll, and acknowledging what was read.
#include <charconv>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/native/event_json.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::SubscriptionPtr;

Result<SubscriptionPtr> find_polled(const Services& services, const RequestContext& context) {
  auto found = find_subscription(services, context, context.parameters[1]);
  if (!found) return found;
  if ((*found)->settings.kind != domain::Kind::poll) {
    return conflict({}, "The subscription is of kind push: its events are sent to its URL.", "not_polled");
  }
  return found;
}

// A cursor is a place in the order of one subscription.
std::string list_of(const domain::Subscription& subscription) { return "poll " + to_text(subscription.id); }

Result<std::int64_t> read_place(const RequestContext& context, const domain::Subscription& subscription,
                                std::string_view cursor) {
  const auto position = read_cursor(context, list_of(subscription), cursor);
  if (!position) return position.error();
  return key_position({1, *position});
}

Result<std::int64_t> read_number(const RequestContext& context, std::string_view name, std::int64_t otherwise, std::int64_t min,
                                 std::int64_t max) {
  const auto text = context.query.find(name);
  if (text.data() == nullptr) return otherwise;
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || number < min || number > max) {
    return invalid(std::string(name), "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max),
                   "out_of_range");
  }
  return number;
}

void append(std::string& body, const store::PolledDelivery& item, std::string_view cursor) {
  const domain::Event& event = *item.event;
  JsonWriter json(body);
  json.begin_object();
  json.string("id", domain::public_event_id(event));
  json.string("uuid", to_text(event.id));
  json.string("delivery", to_text(item.id));
  append_event_members(json, event);
  json.raw("data", event.payload);
  json.string("cursor", cursor);
  json.end_object();
}

net::Task<Answer> poll(Services services, RequestContext& context) {
  const auto wait = read_number(context, "waitMs", 0, 0, Milliseconds(kPollWaitMax).count());
  if (!wait) co_return wait.error();
  const auto limit = read_number(context, "limit", kPageItemsDefault, 1, kPageItemsMax);
  if (!limit) co_return limit.error();
  const auto subscription = find_polled(services, context);
  if (!subscription) co_return subscription.error();
  store::PollDeliveries query{(*subscription)->id.key, 0, static_cast<std::uint32_t>(*limit), kPollPageBytesMax};
  std::string cursor;
  if (const auto text = context.query.find("cursor"); text.data() != nullptr) {
    const auto place = read_place(context, **subscription, text);
    if (!place) co_return place.error();
    query.after = *place;
    cursor = text;
  }
  const auto page = co_await services.polling.poll(query, Milliseconds(*wait));
  if (!page) co_return page.error();
  std::string body = R"({"items":[)";
  for (const auto& item : page->items) {
    cursor = make_cursor(context, list_of(**subscription), std::to_string(item.place));
    append(body, item, cursor);
  }
  JsonWriter(body).end_array().string_or_null("cursor", cursor).boolean("done", !page->more).end_object();
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> acknowledge(Services services, RequestContext& context) {
  const auto subscription = find_polled(services, context);
  if (!subscription) co_return subscription.error();
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  json::ObjectReader reader(*object, "");
  std::string cursor;
  reader.required("cursor").string("cursor", cursor, kCursorBytesMax).only_these();
  if (!reader.ok()) co_return reader.error();
  const auto place = read_place(context, **subscription, cursor);
  if (!place) co_return place.error();
  const auto count = co_await services.polling.acknowledge((*subscription)->id.key, *place);
  if (!count) co_return count.error();
  std::string body;
  JsonWriter(body).begin_object().integer("acknowledged", static_cast<std::int64_t>(*count)).end_object();
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_poll_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/subscriptions/{subscription}/poll",
                    .action = Action::poll_subscription,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor", "waitMs"},
                    .handler = handler(services, poll),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/subscriptions/{subscription}/poll/ack",
                    .action = Action::poll_subscription,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, acknowledge),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
