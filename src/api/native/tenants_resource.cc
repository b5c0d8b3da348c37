// Tenants: PUT makes or replaces, PATCH changes, DELETE removes with everything in it.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/read_only.h"
#include "api/native/resources.h"
#include "domain/access/name.h"
#include "domain/outbound/lane_document.h"
#include "domain/outbound/retention.h"
#include "json/reader.h"

namespace posthorn::api::native {
namespace {

using access::TenantPtr;
using domain::Action;

std::string to_json(const domain::Tenant& tenant) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("id", tenant.name);
  json.string("name", tenant.display_name);
  json.boolean("webhooksEnabled", tenant.webhooks_enabled);
  json.raw("settings", tenant.settings);
  json.integer("revision", tenant.revision);
  json.time("createdAt", tenant.created_at);
  json.time("updatedAt", tenant.updated_at);
  json.end_object();
  return body;
}

// Reads the body over `tenant`: what is absent keeps its value. `shown`: as a read shows what is there.
Result<domain::Tenant> read_tenant(std::string_view body, domain::Tenant tenant, std::string_view shown) {
  auto object = read_object(body);
  if (!object) return std::move(object).error();
  if (auto taken = take_read_only(*object, shown, {"id", "revision", "createdAt", "updatedAt"}); !taken) return taken.error();
  json::ObjectReader reader(*object, "");
  reader.string("name", tenant.display_name, kNameBytesMax);
  reader.boolean("webhooksEnabled", tenant.webhooks_enabled);
  if (reader.object("settings") != nullptr) {
    tenant.settings = raw_document(body, "settings");
    if (tenant.settings.size() > kDocumentBytesMax) {
      reader.fail(
          invalid(reader.field("settings"), "must have at most " + std::to_string(kDocumentBytesMax) + " bytes", "too_long"));
    }
    if (auto retention = domain::read_retention(tenant.settings); !retention) reader.fail(std::move(retention).error());
  }
  reader.only_these();
  if (!reader.ok()) return reader.error();
  // What the server itself reads of the settings must be readable.
  if (auto limit = domain::read_tenant_rate_limit(tenant.settings); !limit) return std::move(limit).error();
  return tenant;
}

net::Task<Answer> list_tenants(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  std::vector<TenantPtr> tenants;
  if (!context.principal->tenant) {
    tenants = services.tenants.list(page->position, page->limit + 1);
  } else if (auto own = services.tenants.find(context.principal->tenant); own && own->name > page->position) {
    tenants.push_back(std::move(own));
  }
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < tenants.size() && i < page->limit; ++i) {
    if (i > 0) body += ',';
    body += to_json(*tenants[i]);
    if (i + 1 == page->limit && tenants.size() > page->limit) position = tenants[i]->name;
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_tenant(Services, RequestContext& context) {
  co_return json_answer(200, to_json(*context.tenant), context.tenant->revision);
}

net::Task<Answer> save(Services services, RequestContext& context, domain::Tenant tenant, std::int64_t expected) {
  auto saved = co_await services.tenants.save(services.session, std::move(tenant), expected, context.author());
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return json_answer(expected == 0 ? 201 : 200, to_json(**saved), (*saved)->revision);
}

net::Task<Answer> put_tenant(Services services, RequestContext& context) {
  const std::string& name = context.parameters[0];
  if (auto checked = domain::check_name(name, "tenant"); !checked) co_return std::move(checked).error();
  const TenantPtr current = services.tenants.find(name);
  const auto revision = current ? std::optional(current->revision) : std::nullopt;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();

  domain::Tenant fresh;
  fresh.name = name;
  if (current) {
    fresh.key = current->key;
    fresh.created_at = current->created_at;
    fresh.revision = current->revision;
  }
  auto tenant =
      read_tenant(context.request.body, std::move(fresh), current ? to_json(*current) : shown_before_it_is_made(name));
  if (!tenant) co_return std::move(tenant).error();
  co_return co_await save(services, context, std::move(*tenant), revision.value_or(0));
}

net::Task<Answer> patch_tenant(Services services, RequestContext& context) {
  const std::int64_t revision = context.tenant->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto tenant = read_tenant(context.request.body, *context.tenant, to_json(*context.tenant));
  if (!tenant) co_return std::move(tenant).error();
  co_return co_await save(services, context, std::move(*tenant), revision);
}

net::Task<Answer> delete_tenant(Services services, RequestContext& context) {
  const std::int64_t revision = context.tenant->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.tenants.remove(services.session, context.tenant, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  services.catalogue.forget_tenant(context.tenant->key);
  services.access.forget(context.tenant->key);
  co_return no_content();
}

}  // namespace

void add_tenant_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/tenants";
  constexpr std::string_view kOne = "/api/v1/tenants/{tenant}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_tenants,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_tenants)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_tenants,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_tenant)});
  routes.push_back({.method = Method::put,
                    .pattern = kOne,
                    .action = Action::write_tenants,
                    .binding = Binding::tenant_or_new,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, put_tenant)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_tenants,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_tenant)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::delete_tenants,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_tenant)});
}

}  // namespace posthorn::api::native
