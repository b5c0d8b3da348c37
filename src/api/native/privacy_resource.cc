// Privacy: a tenant's data as a whole (export), without one event's payload (expunge), and without the tenant (erase).
#include <algorithm>
#include <charconv>

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/account_json.h"
#include "api/native/delivery_json.h"
#include "api/native/event_json.h"
#include "api/native/event_reference.h"
#include "api/native/export_json.h"
#include "api/native/job_json.h"
#include "api/native/resources.h"
#include "domain/outbound/notice.h"
#include "domain/outbound/subscription_document.h"
#include "json/plain_text.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

// --- export --------------------------------------------------------------------------------------------------------------

// What an export goes through, in this order; the position of a page is the part and the place in it.
enum class Part : std::uint8_t {
  tenant,
  topics,
  scopes,
  subscriptions,
  automations,
  clients,
  keys,
  grants,
  issuers,  // up to here from memory
  events,
  deliveries,
  jobs,
  audit,
  end
};

constexpr std::size_t kExportRowsMax = 16;  // events, with their payloads, that are read at once

struct Place {
  Part part = Part::tenant;
  std::string after;  // a name or a key; empty: from the beginning
};

Place read_place(std::string_view position) {
  if (position.empty()) return {};
  const int part = position.front() - 'a';
  if (part < 0 || part >= static_cast<int>(Part::end)) return {Part::end, {}};
  return {static_cast<Part>(part), std::string(position.substr(1))};
}

std::int64_t key_of(const std::string& text) {
  std::int64_t key = 0;
  std::from_chars(text.data(), text.data() + text.size(), key);
  return key;
}

// One page on its way. Each item is {"type":…,"value":{…}}.
class Page {
 public:
  explicit Page(std::uint32_t limit) : limit_(limit) {}

  bool full() const { return count_ >= limit_ || body.size() > kExportPageBytesMax; }
  std::size_t room() const { return limit_ - count_; }
  JsonWriter begin(std::string_view type) {
    JsonWriter json(body);
    json.begin_object().string("type", type).begin_object("value");
    ++count_;
    return json;
  }
  static void end(JsonWriter& json) { json.end_object().end_object(); }
  void add(std::string_view type, std::string_view value) {
    JsonWriter(body).begin_object().string("type", type).raw("value", value).end_object();
    ++count_;
  }

  std::string body = R"({"items":[)";

 private:
  std::uint32_t limit_;
  std::uint32_t count_ = 0;
};

void export_tenant(Page& page, const domain::Tenant& tenant) {
  JsonWriter json = page.begin("tenant");
  json.string("id", tenant.name).string("name", tenant.display_name).boolean("webhooksEnabled", tenant.webhooks_enabled);
  json.raw("settings", tenant.settings).time("createdAt", tenant.created_at).time("updatedAt", tenant.updated_at);
  Page::end(json);
}

void export_topic(Page& page, const domain::Topic& topic) {
  JsonWriter json = page.begin("topic");
  json.string("id", topic.name).string("description", topic.description);
  json.raw("schema", topic.schema.empty() ? "null" : topic.schema);
  json.raw("example", topic.example.empty() ? "null" : topic.example);
  json.time("createdAt", topic.created_at).time("updatedAt", topic.updated_at);
  Page::end(json);
}

void export_scope(Page& page, const domain::Scope& scope) {
  JsonWriter json = page.begin("scope");
  json.string("id", scope.name).string("name", scope.display_name);
  json.time("createdAt", scope.created_at).time("updatedAt", scope.updated_at);
  Page::end(json);
}

void export_subscription(Page& page, const domain::Subscription& subscription) {
  JsonWriter json = page.begin("subscription");
  json.string("id", to_text(subscription.id));
  for (const auto& [name, value] : domain::write_settings(subscription.settings)) {
    json.raw(name, posthorn::json::to_plain_text(value));
  }
  json.string_or_null("disabledReason", subscription.disabled_reason);
  json.time("createdAt", subscription.created_at).time("updatedAt", subscription.updated_at);
  Page::end(json);
}

void export_event(Page& page, const domain::Event& event) {
  JsonWriter json = page.begin("event");
  json.string("id", domain::public_event_id(event)).string("uuid", to_text(event.id));
  append_event_members(json, event);
  append_event_data(json, event);
  Page::end(json);
}

net::Task<Result<std::string>> export_delivery(Services services, TenantKey tenant, const domain::Delivery& delivery) {
  store::ListAttempts query{tenant, delivery.id};
  const auto attempts = co_await net::until<Result<std::vector<domain::Attempt>>>(
      [&](auto done) { services.session.list_attempts(std::move(query), std::move(done)); });
  std::string value;
  append_delivery(value, delivery);
  value.pop_back();
  value += R"(,"history":[)";
  // Retention may have taken the delivery meanwhile.
  if (!attempts && attempts.error().kind != ErrorKind::not_found) co_return attempts.error();
  if (attempts) {
    for (const auto& attempt : *attempts) append_attempt(value, attempt);
  }
  value += "]}";
  co_return value;
}

std::string next_of(std::int64_t next) { return next == 0 ? std::string() : std::to_string(next); }

net::Task<Result<std::string>> export_events(Services services, TenantKey tenant, store::PageQuery rows, Page& page) {
  rows.limit = std::min<std::uint32_t>(rows.limit, kExportRowsMax);
  store::ListEvents query{tenant, {}, {}, {}, rows};
  const auto found = co_await net::until<Result<store::Page<store::EventRow>>>(
      [&](auto done) { services.session.list_events(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  for (const auto& row : found->items) export_event(page, row.event);
  co_return next_of(found->next);
}

net::Task<Result<std::string>> export_deliveries(Services services, TenantKey tenant, store::PageQuery rows, Page& page) {
  store::ListDeliveries query;
  query.tenant = tenant;
  query.page = rows;
  const auto found = co_await net::until<Result<store::Page<domain::Delivery>>>(
      [&](auto done) { services.session.list_deliveries(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  for (const auto& delivery : found->items) {
    if (page.full()) co_return std::to_string(delivery.id.key.value + 1);
    const auto value = co_await export_delivery(services, tenant, delivery);
    if (!value) co_return value.error();
    page.add("delivery", *value);
  }
  co_return next_of(found->next);
}

net::Task<Result<std::string>> export_jobs(Services services, TenantKey tenant, store::PageQuery rows, Page& page) {
  store::ListJobs query{tenant, {}, rows};
  const auto found = co_await services.jobs.list(query);
  if (!found) co_return found.error();
  for (const auto& job : found->items) {
    std::string value;
    append_job(value, job);
    page.add("job", value);
  }
  co_return next_of(found->next);
}

net::Task<Result<std::string>> export_audit(Services services, TenantKey tenant, store::PageQuery rows, Page& page) {
  store::ListAudit query;
  query.tenant = tenant;
  query.page = rows;
  const auto found = co_await net::until<Result<store::Page<store::AuditEntry>>>(
      [&](auto done) { services.session.list_audit(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  for (const auto& entry : found->items) {
    std::string value;
    append_audit(value, services, entry);
    page.add("audit", value);
  }
  co_return next_of(found->next);
}

// Fills the page with the part from `after` on; answers where the next page starts in it, empty when the part is over.
net::Task<Result<std::string>> export_rows(Services services, TenantKey tenant, Place place, Page& page) {
  const store::PageQuery rows{static_cast<std::uint32_t>(page.room()), key_of(place.after)};
  switch (place.part) {
    case Part::events:
      co_return co_await export_events(services, tenant, rows, page);
    case Part::deliveries:
      co_return co_await export_deliveries(services, tenant, rows, page);
    case Part::jobs:
      co_return co_await export_jobs(services, tenant, rows, page);
    default:
      co_return co_await export_audit(services, tenant, rows, page);
  }
}

// Adds a row as its own call shows it.
template <class Append>
auto adder(std::string_view type, Append append) {
  return [type, append](Page& page, const auto& row) {
    std::string value;
    append(value, row);
    page.add(type, value);
  };
}

template <class Rows, class Name, class Append>
std::string export_named(Page& page, const Rows& rows, Name name, Append append) {
  const std::size_t room = page.room();
  for (std::size_t i = 0; i < rows.size() && i < room; ++i) append(page, *rows[i]);
  return rows.size() > room ? name(*rows[room - 1]) : std::string();
}

// The tenant's own; every tenant has the server's.
std::vector<outbound::TopicPtr> topics_of(const Services& services, TenantKey tenant, std::string_view after,
                                          std::size_t limit) {
  auto topics = services.catalogue.list_topics(tenant, after, limit + domain::kNoticeTopics.size());
  std::erase_if(topics, [](const auto& topic) { return !topic->tenant; });
  return topics;
}

std::string export_catalogue(Services services, RequestContext& context, const Place& place, Page& page) {
  const TenantKey tenant = context.tenant->key;
  const std::size_t wanted = page.room() + 1;
  const std::int64_t after = key_of(place.after);
  const auto& accounts = services.access.accounts;
  const auto name = [](const auto& row) { return row.name; };
  const auto key = [](const auto& row) { return std::to_string(row.id.key.value); };
  const auto account = [&](std::string& value, const auto& row) { append_account(value, services, row); };
  const auto grant = [&](std::string& value, const auto& row) { append_grant(value, services, row); };
  const auto issuer = [&](std::string& value, const auto& row) { append_issuer(value, services, row); };
  switch (place.part) {
    case Part::topics:
      return export_named(page, topics_of(services, tenant, place.after, wanted), name, export_topic);
    case Part::scopes:
      return export_named(page, services.catalogue.list_scopes(tenant, place.after, wanted), name, export_scope);
    case Part::subscriptions:
      return export_named(page, services.catalogue.list_subscriptions(tenant, SubscriptionKey{after}, wanted), key,
                          export_subscription);
    case Part::automations:
      return export_named(page, services.catalogue.automations().list(tenant, place.after, wanted), name,
                          adder("automation", append_automation));
    case Part::clients:
      return export_named(page, accounts.list(domain::AccountKind::client, tenant, AccountKey{after}, wanted), key,
                          adder("client", account));
    case Part::keys:
      return export_named(page, accounts.list(domain::AccountKind::key, tenant, AccountKey{after}, wanted), key,
                          adder("key", account));
    case Part::grants:
      return export_named(page, accounts.list_grants(tenant, {}, GrantKey{after}, wanted), key, adder("grant", grant));
    case Part::issuers:
      return export_named(page, services.access.issuers.list(tenant, IssuerKey{after}, wanted), key, adder("issuer", issuer));
    default:
      export_tenant(page, *context.tenant);
      return {};
  }
}

net::Task<Answer> export_all(Services services, RequestContext& context) {
  const auto request = read_page(context);
  if (!request) co_return request.error();
  Place place = read_place(request->position);
  Page page(request->limit);
  while (place.part != Part::end && !page.full()) {
    std::string next;
    if (place.part < Part::events) {
      next = export_catalogue(services, context, place, page);
    } else {
      auto rows = co_await export_rows(services, context.tenant->key, place, page);
      if (!rows) co_return std::move(rows).error();
      next = std::move(*rows);
    }
    if (next.empty()) {
      place = {static_cast<Part>(static_cast<int>(place.part) + 1), {}};
    } else {
      place.after = std::move(next);
    }
  }
  std::string position;
  if (place.part != Part::end) position = static_cast<char>('a' + static_cast<int>(place.part)) + place.after;
  finish_page(page.body, context, position);
  co_return json_answer(200, std::move(page.body));
}

// --- expunge, erase ------------------------------------------------------------------------------------------------------

net::Task<Answer> expunge(Services services, RequestContext& context) {
  const auto row = co_await find_event(services, context.tenant->key, context.parameters[1]);
  if (!row) co_return row.error();
  const auto done = co_await services.privacy.expunge(context.tenant->key, row->event.id);
  if (!done) co_return done.error();
  context.audit_before = row->event.payload.empty() ? R"({"dataExpunged":true})" : R"({"dataExpunged":false})";
  context.audit_after = R"({"dataExpunged":true})";
  std::string body;
  JsonWriter(body).begin_object().string("id", domain::public_event_id(row->event)).boolean("dataExpunged", true).end_object();
  co_return json_answer(200, std::move(body));
}

// The name has to be repeated: there is no way back.
net::Task<Answer> erase(Services services, RequestContext& context) {
  const auto tenant = context.tenant;
  if (auto holds = check_preconditions(context.request.headers, tenant->revision); !holds) co_return std::move(holds).error();
  const auto confirm = context.query.find("confirm");
  if (confirm.data() == nullptr) co_return invalid("confirm", "is required: the tenant's id", "required");
  if (confirm != tenant->name) co_return invalid("confirm", "must be the tenant's id");
  const auto job = co_await services.privacy.erase(tenant->key, tenant->revision, context.author());
  if (!job) co_return explain_lost_race(job.error(), context.request.headers);
  services.tenants.forget(tenant);
  services.catalogue.forget_tenant(tenant->key);
  services.access.forget(tenant->key);
  std::string body;
  append_job(body, *job);
  net::HttpResponse response = json_answer(202, std::move(body));
  response.headers.push_back({"Location", "/api/v1/erasures/" + to_text(job->id)});
  co_return response;
}

net::Task<Answer> get_erasure(Services services, RequestContext& context) {
  const Error unknown = not_found("There is no erasure of this id.", "unknown_job");
  const auto id = parse_id<domain::JobId>(context.parameters[0]);
  if (!id) co_return unknown;
  const auto job = co_await services.jobs.find(TenantKey(), *id);
  if (!job) co_return job.error().kind == ErrorKind::not_found ? unknown : job.error();
  std::string body;
  append_job(body, *job);
  co_return json_answer(200, std::move(body));
}

}  // namespace

void add_privacy_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/events/{event}/expunge",
                    .action = Action::expunge_events,
                    .binding = Binding::tenant,
                    .body = BodyKind::optional_empty,
                    .handler = handler(services, expunge)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/export",
                    .action = Action::export_tenant,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, export_all)});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/tenants/{tenant}/erase",
                    .action = Action::erase_tenant,
                    .binding = Binding::tenant,
                    .body = BodyKind::optional_empty,
                    .query = {"confirm"},
                    .handler = handler(services, erase)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/erasures/{job}",
                    .action = Action::erase_tenant,
                    .handler = handler(services, get_erasure)});
}

}  // namespace posthorn::api::native
