// Deliveries and their attempts; resend and cancel by hand.

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/native/delivery_json.h"
#include "api/native/event_reference.h"
#include "api/native/query_values.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

Error unknown_delivery() { return not_found("There is no delivery of this id.", "unknown_delivery"); }

Error explain(Error error) { return error.kind == ErrorKind::not_found ? unknown_delivery() : error; }

Result<std::optional<domain::DeliveryState>> read_state(const Query& query) {
  const auto text = query.find("status");
  if (text.data() == nullptr) return std::optional<domain::DeliveryState>();
  const auto state = domain::parse_delivery_state(text);
  if (!state) return invalid("status", "must be one of: pending, succeeded, exhausted, cancelled");
  return state;
}

Result<SubscriptionKey> read_subscription(const Query& query) {
  const auto text = query.find("subscription");
  if (text.data() == nullptr) return SubscriptionKey();
  const auto id = parse_id<SubscriptionId>(text);
  if (!id) return invalid("subscription", "must be the id of a subscription");
  return id->key;
}

Result<store::ListDeliveries> read_query(const RequestContext& context) {
  store::ListDeliveries query;
  query.tenant = context.tenant->key;
  const auto page = read_page(context);
  if (!page) return page.error();
  const auto position = key_position(*page);
  if (!position) return position.error();
  const auto state = read_state(context.query);
  if (!state) return state.error();
  const auto subscription = read_subscription(context.query);
  if (!subscription) return subscription.error();
  const auto range = read_time_range(context.query);
  if (!range) return range.error();
  const auto topic = read_topic_filter(context.query);
  if (!topic) return topic.error();
  query.page = {page->limit, *position};
  query.state = *state;
  query.subscription = *subscription;
  query.topic = *topic;
  query.since = range->since;
  query.until = range->until;
  return query;
}

net::Task<Answer> list_deliveries(Services services, RequestContext& context) {
  auto query = read_query(context);
  if (!query) co_return query.error();
  const auto event = read_text_filter(context.query, "event");
  if (!event) co_return event.error();
  if (!event->empty()) {
    const auto row = co_await find_event(services, context.tenant->key, *event);
    if (!row && row.error().kind == ErrorKind::not_found) co_return delivery_page(context, {});
    if (!row) co_return row.error();
    query->event = row->event.id.key;
  }
  const auto found = co_await net::until<Result<store::Page<domain::Delivery>>>(
      [&](auto done) { services.session.list_deliveries(std::move(*query), std::move(done)); });
  if (!found) co_return found.error();
  co_return delivery_page(context, *found);
}

net::Task<Result<domain::Delivery>> find(Services services, RequestContext& context) {
  const auto id = parse_id<DeliveryId>(context.parameters[1]);
  if (!id) co_return unknown_delivery();
  store::FindDelivery query{context.tenant->key, *id};
  auto found = co_await net::until<Result<domain::Delivery>>(
      [&](auto done) { services.session.find_delivery(std::move(query), std::move(done)); });
  if (!found) co_return explain(std::move(found).error());
  if (!context.reaches(found->subscription.key)) co_return unknown_delivery();
  co_return found;
}

net::Task<Answer> get_delivery(Services services, RequestContext& context) {
  const auto delivery = co_await find(services, context);
  if (!delivery) co_return delivery.error();
  std::string body;
  append_delivery(body, *delivery);
  co_return json_answer(200, std::move(body));
}

// In order of their numbers; the position of a page is the last number shown.
net::Task<Answer> list_attempts(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto delivery = co_await find(services, context);
  if (!delivery) co_return delivery.error();
  store::ListAttempts query{context.tenant->key, delivery->id};
  const auto attempts = co_await net::until<Result<std::vector<domain::Attempt>>>(
      [&](auto done) { services.session.list_attempts(std::move(query), std::move(done)); });
  if (!attempts) co_return explain(attempts.error());

  std::string body = R"({"items":[)";
  std::string position;
  std::uint32_t shown = 0;
  std::uint32_t last = 0;
  for (const auto& attempt : *attempts) {
    if (attempt.number <= *after) continue;
    if (shown == page->limit) {
      position = std::to_string(last);
      break;
    }
    ++shown;
    append_attempt(body, attempt);
    last = attempt.number;
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

std::string status_document(domain::DeliveryState state) {
  std::string document;
  JsonWriter(document).begin_object().string("status", domain::to_text(state)).end_object();
  return document;
}

Answer changed(RequestContext& context, const domain::Delivery& delivery, domain::DeliveryState state) {
  context.audit_before = status_document(delivery.state);
  context.audit_after = status_document(state);
  std::string body;
  JsonWriter(body).begin_object().string("id", to_text(delivery.id)).string("status", domain::to_text(state)).end_object();
  return json_answer(202, std::move(body));
}

net::Task<Answer> resend(Services services, RequestContext& context) {
  const auto delivery = co_await find(services, context);
  if (!delivery) co_return delivery.error();
  const auto done = co_await services.deliveries.resend(context.tenant->key, delivery->id);
  if (!done) co_return explain(done.error());
  co_return changed(context, *delivery, domain::DeliveryState::pending);
}

net::Task<Answer> cancel(Services services, RequestContext& context) {
  const auto delivery = co_await find(services, context);
  if (!delivery) co_return delivery.error();
  const auto done = co_await services.deliveries.cancel(context.tenant->key, delivery->id);
  if (!done) co_return explain(done.error());
  co_return changed(context, *delivery, domain::DeliveryState::cancelled);
}

}  // namespace

void add_delivery_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/deliveries",
                    .action = Action::read_deliveries,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor", "status", "topic", "subscription", "event", "since", "until"},
                    .handler = handler(services, list_deliveries),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/deliveries/{delivery}",
                    .action = Action::read_deliveries,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_delivery),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/deliveries/{delivery}/attempts",
                    .action = Action::read_deliveries,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_attempts),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/deliveries/{delivery}/resend",
                    .action = Action::write_deliveries,
                    .binding = Binding::tenant,
                    .body = BodyKind::optional_empty,
                    .handler = handler(services, resend),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/deliveries/{delivery}/cancel",
                    .action = Action::write_deliveries,
                    .binding = Binding::tenant,
                    .body = BodyKind::optional_empty,
                    .handler = handler(services, cancel),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
