// The log of changes: who, what, which object, before and after without secrets. Newest first.
#include "api/kit/answer.h"
#include "api/kit/paging.h"
#include "api/native/account_json.h"
#include "api/native/export_json.h"
#include "api/native/query_values.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::Action;

void append_document(JsonWriter& json, std::string_view name, const std::string& document) {
  if (document.empty()) {
    json.null(name);
  } else {
    json.raw(name, document);
  }
}

net::Task<Answer> list(Services services, RequestContext& context, TenantKey tenant) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto position = key_position(*page);
  if (!position) co_return position.error();
  const auto kind = read_text_filter(context.query, "kind");
  if (!kind) co_return kind.error();
  const auto object = read_text_filter(context.query, "object");
  if (!object) co_return object.error();
  store::ListAudit query;
  query.tenant = tenant;
  query.object_kind = *kind;
  query.object = *object;
  query.page = {page->limit, *position};
  const auto found = co_await net::until<Result<store::Page<store::AuditEntry>>>(
      [&](auto done) { services.session.list_audit(std::move(query), std::move(done)); });
  if (!found) co_return found.error();
  std::string body = R"({"items":[)";
  for (const auto& entry : found->items) append_audit(body, services, entry);
  finish_page(body, context, found->next == 0 ? std::string() : std::to_string(found->next));
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> list_of_realm(Services services, RequestContext& context) {
  co_return co_await list(services, context, context.principal->tenant);
}

net::Task<Answer> list_of_tenant(Services services, RequestContext& context) {
  co_return co_await list(services, context, context.tenant->key);
}

}  // namespace

void append_audit(std::string& body, const Services& services, const store::AuditEntry& entry) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(entry.id));
  json.time("at", key_time(entry.id.key.value));
  write_owner(json, services, entry.tenant);
  json.begin_object("principal");
  json.string("id", entry.author.principal).string("name", entry.author.name).string("kind", entry.author.kind).end_object();
  json.string("surface", entry.author.surface);
  json.string("action", entry.author.action);
  json.string("requestId", entry.author.request_id);
  json.begin_object("object").string("kind", entry.object_kind).string("id", entry.object).end_object();
  append_document(json, "before", entry.before);
  append_document(json, "after", entry.after);
  json.end_object();
}

void add_audit_routes(std::vector<Route>& routes, const Services& services) {
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/audit",
                    .action = Action::read_audit,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor", "kind", "object"},
                    .handler = handler(services, list_of_realm)});
  routes.push_back({.method = Method::get,
                    .pattern = "/api/v1/tenants/{tenant}/audit",
                    .action = Action::read_audit,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor", "kind", "object"},
                    .handler = handler(services, list_of_tenant)});
}

}  // namespace posthorn::api::native
