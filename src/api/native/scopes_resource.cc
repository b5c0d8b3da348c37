// Scopes: parts of a tenant that events and subscriptions may be bound to.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/read_only.h"
#include "api/native/resources.h"
#include "domain/access/name.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using outbound::ScopePtr;

void append(std::string& body, const domain::Scope& scope) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", scope.name);
  json.string("name", scope.display_name);
  json.integer("revision", scope.revision);
  json.time("createdAt", scope.created_at);
  json.time("updatedAt", scope.updated_at);
  json.end_object();
}

std::string to_json(const domain::Scope& scope) {
  std::string body;
  append(body, scope);
  return body;
}

Answer answer(int status, const domain::Scope& scope) { return json_answer(status, to_json(scope), scope.revision); }

// Over `scope`; `shown`: as a read shows what is there.
Result<domain::Scope> read_scope(std::string_view body, domain::Scope scope, std::string_view shown) {
  auto object = read_object(body);
  if (!object) return std::move(object).error();
  if (auto taken = take_read_only(*object, shown, {"id", "revision", "createdAt", "updatedAt"}); !taken) return taken.error();
  json::ObjectReader reader(*object, "");
  reader.string("name", scope.display_name, kNameBytesMax);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return scope;
}

Result<ScopePtr> find(const Services& services, const RequestContext& context) {
  auto found = services.catalogue.find_scope(context.tenant->key, context.parameters[1]);
  if (!found) return not_found("There is no scope of this name.", "unknown_scope");
  return found;
}

net::Task<Answer> list_scopes(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto scopes = services.catalogue.list_scopes(context.tenant->key, page->position, page->limit + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < scopes.size() && i < page->limit; ++i) {
    append(body, *scopes[i]);
    if (i + 1 == page->limit && scopes.size() > page->limit) position = scopes[i]->name;
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_scope(Services services, RequestContext& context) {
  const auto scope = find(services, context);
  if (!scope) co_return scope.error();
  co_return answer(200, **scope);
}

net::Task<Answer> save(Services services, RequestContext& context, domain::Scope scope, std::int64_t expected) {
  auto saved = co_await services.catalogue.save_scope(services.session, std::move(scope), expected, context.author());
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return answer(expected == 0 ? 201 : 200, **saved);
}

net::Task<Answer> put_scope(Services services, RequestContext& context) {
  const std::string& name = context.parameters[1];
  if (auto checked = domain::check_name(name, "scope"); !checked) co_return std::move(checked).error();
  const auto current = services.catalogue.find_scope(context.tenant->key, name);
  const auto revision = current ? std::optional(current->revision) : std::nullopt;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();

  domain::Scope fresh;
  fresh.name = name;
  fresh.tenant = context.tenant->key;
  if (current) {
    fresh.key = current->key;
    fresh.created_at = current->created_at;
    fresh.revision = current->revision;
  }
  auto scope = read_scope(context.request.body, std::move(fresh), current ? to_json(*current) : shown_before_it_is_made(name));
  if (!scope) co_return std::move(scope).error();
  co_return co_await save(services, context, std::move(*scope), revision.value_or(0));
}

net::Task<Answer> patch_scope(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto scope = read_scope(context.request.body, **current, to_json(**current));
  if (!scope) co_return std::move(scope).error();
  co_return co_await save(services, context, std::move(*scope), revision);
}

net::Task<Answer> delete_scope(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.catalogue.remove_scope(services.session, *current, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  co_return no_content();
}

}  // namespace

void add_scope_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/tenants/{tenant}/scopes";
  constexpr std::string_view kOne = "/api/v1/tenants/{tenant}/scopes/{scope}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_topics,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_scopes)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_topics,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_scope)});
  routes.push_back({.method = Method::put,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, put_scope)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_scope)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_topics,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_scope)});
}

}  // namespace posthorn::api::native
