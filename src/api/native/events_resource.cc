// Events: what was accepted, and what became of it. Publishing stands in publish_resource.cc.
#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/native/delivery_json.h"
#include "api/native/event_json.h"
#include "api/native/event_reference.h"
#include "api/native/query_values.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

enum class Payload { left_out, shown };

void append(std::string& body, const store::EventRow& row, Payload payload) {
  const domain::Event& event = row.event;
  JsonWriter json(body);
  json.begin_object();
  json.string("id", domain::public_event_id(event));
  json.string("uuid", to_text(event.id));
  append_event_members(json, event);
  json.integer("deliveries", row.deliveries);
  if (payload == Payload::shown) append_event_data(json, event);
  json.end_object();
}

net::Task<Answer> list_events(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto position = key_position(*page);
  if (!position) co_return position.error();
  const auto range = read_time_range(context.query);
  if (!range) co_return range.error();
  const auto topic = read_topic_filter(context.query);
  if (!topic) co_return topic.error();

  store::ListEvents query{context.tenant->key, *topic, range->since, range->until, {page->limit, *position}};
  const auto found = co_await net::until<Result<store::Page<store::EventRow>>>(
      [&](auto done) { services.session.list_events(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  std::string body = R"({"items":[)";
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    append(body, found->items[i], Payload::left_out);
  }
  finish_page(body, context, found->next == 0 ? std::string() : std::to_string(found->next));
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_event(Services services, RequestContext& context) {
  const auto row = co_await find_event(services, context.tenant->key, context.parameters[1]);
  if (!row) co_return row.error();
  std::string body;
  body.reserve(row->event.payload.size() + 512);
  append(body, *row, Payload::shown);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> list_deliveries_of_event(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto position = key_position(*page);
  if (!position) co_return position.error();
  const auto row = co_await find_event(services, context.tenant->key, context.parameters[1]);
  if (!row) co_return row.error();

  store::ListDeliveries query;
  query.tenant = context.tenant->key;
  query.event = row->event.id.key;
  query.page = {page->limit, *position};
  const auto found = co_await net::until<Result<store::Page<domain::Delivery>>>(
      [&](auto done) { services.session.list_deliveries(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  co_return delivery_page(context, *found);
}

net::Task<Result<store::EventRow>> look_up(Services services, store::FindEvent query) {
  co_return co_await net::until<Result<store::EventRow>>(
      [&](auto done) { services.session.find_event(std::move(query), std::move(done)); });
}

}  // namespace

net::Task<Result<store::EventRow>> find_event(Services services, TenantKey tenant, std::string text) {
  if (const auto id = parse_id<EventId>(text)) {
    store::FindEvent query{tenant, *id, {}};
    auto row = co_await look_up(services, std::move(query));
    if (row || row.error().kind != ErrorKind::not_found) co_return row;
  }
  if (text.size() <= kExternalIdBytesMax) {
    store::FindEvent query{tenant, {}, std::move(text)};
    auto row = co_await look_up(services, std::move(query));
    if (row || row.error().kind != ErrorKind::not_found) co_return row;
  }
  co_return not_found("There is no event of this id.", "unknown_event");
}

void add_event_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/events",
                    .action = Action::read_events,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor", "topic", "since", "until"},
                    .handler = handler(services, list_events)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/events/{event}",
                    .action = Action::read_events,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_event)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/events/{event}/deliveries",
                    .action = Action::read_deliveries,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_deliveries_of_event),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
