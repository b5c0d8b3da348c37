// Trusted outside issuers: whose tokens are accepted here, and what their claims mean.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/account_json.h"
#include "api/native/export_json.h"
#include "api/native/resources.h"
#include "json/plain_text.h"

namespace posthorn::api::native {
namespace {

using access::IssuerPtr;
using domain::Action;
using domain::Issuer;

net::HttpResponse answer(int status, const Services& services, const Issuer& issuer) {
  std::string body;
  append_issuer(body, services, issuer);
  return json_answer(status, std::move(body), issuer.revision);
}

Result<IssuerPtr> find(const Services& services, const RequestContext& context) {
  const auto id = parse_id<IssuerId>(context.parameters[0]);
  auto found = id ? services.access.issuers.find(*id) : nullptr;
  if (!found || !oversees(context, found->tenant)) return not_found("There is no issuer of this id.", "unknown_issuer");
  return found;
}

// Reads the body over `issuer`. Who is bound to a tenant cannot let an issuer speak for others.
Result<Issuer> read_issuer(const Services& services, const RequestContext& context, Issuer issuer) {
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  const auto owner = read_owner(services, context, reader);
  if (!owner) return owner.error();
  if (!issuer.id.key) {
    issuer.tenant = *owner;
  } else if (object->contains("tenant") && *owner != issuer.tenant) {
    return invalid("tenant", "cannot be changed; make another issuer", "immutable");
  }
  auto settings = domain::read_issuer(*object, std::move(issuer.settings));
  if (!settings) return std::move(settings).error();
  issuer.settings = std::move(*settings);
  if (auto checked = domain::check_issuer(issuer.settings); !checked) return std::move(checked).error();
  if (issuer.tenant && !issuer.settings.tenant_claim.empty()) {
    return invalid("tenantClaim", "is for issuers of the whole server; this one belongs to a tenant");
  }
  return issuer;
}

net::Task<Answer> list_issuers(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto found = services.access.issuers.list(context.principal->tenant, IssuerKey{*after}, std::size_t{page->limit} + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
    append_issuer(body, services, *found[i]);
    if (i + 1 == page->limit && found.size() > page->limit) position = std::to_string(found[i]->id.key.value);
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_issuer(Services services, RequestContext& context) {
  const auto issuer = find(services, context);
  if (!issuer) co_return issuer.error();
  co_return answer(200, services, **issuer);
}

net::Task<Answer> post_issuer(Services services, RequestContext& context) {
  auto issuer = read_issuer(services, context, Issuer());
  if (!issuer) co_return std::move(issuer).error();
  auto made = co_await services.access.issuers.save(services.session, std::move(*issuer), 0, context.author());
  if (!made) co_return std::move(made).error();
  // Fetched beforehand, so that the first token need not wait; what comes of it does not matter here.
  services.access.issuer_keys.fetch(*made, [](bool) {});
  net::HttpResponse response = answer(201, services, **made);
  response.headers.push_back({"Location", "/api/v1/issuers/" + to_text((*made)->id)});
  co_return response;
}

net::Task<Answer> patch_issuer(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto issuer = read_issuer(services, context, **current);
  if (!issuer) co_return std::move(issuer).error();
  auto changed = co_await services.access.issuers.save(services.session, std::move(*issuer), revision, context.author());
  if (!changed) co_return explain_lost_race(std::move(changed).error(), context.request.headers);
  co_return answer(200, services, **changed);
}

net::Task<Answer> delete_issuer(Services services, RequestContext& context) {
  const auto issuer = find(services, context);
  if (!issuer) co_return issuer.error();
  const std::int64_t revision = (*issuer)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.access.issuers.remove(services.session, *issuer, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  services.access.issuer_keys.forget((*issuer)->id.key);
  co_return no_content();
}

}  // namespace

void append_issuer(std::string& body, const Services& services, const Issuer& issuer) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(issuer.id));
  write_owner(json, services, issuer.tenant);
  for (const auto& [name, value] : domain::write_issuer(issuer.settings)) {
    json.raw(name, posthorn::json::to_plain_text(value));
  }
  json.integer("revision", issuer.revision);
  json.time("createdAt", issuer.created_at);
  json.time("updatedAt", issuer.updated_at);
  json.end_object();
}

void add_issuer_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/issuers";
  constexpr std::string_view kOne = "/api/v1/issuers/{issuer}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_issuers)});
  routes.push_back({.method = Method::post,
                    .pattern = kAll,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, post_issuer)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .handler = handler(services, get_issuer)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_issuer)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .handler = handler(services, delete_issuer)});
}

}  // namespace posthorn::api::native
