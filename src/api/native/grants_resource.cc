// Grants: single subscriptions for one principal, which needs the role webhook_user to use them.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/paging.h"
#include "api/native/account_json.h"
#include "api/native/export_json.h"
#include "api/native/query_values.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using access::GrantPtr;
using domain::Action;
using domain::Grant;

constexpr std::size_t kPrincipalBytesMax = 1200;  // an issuer's id, '/', and a token's subject

Error unknown_principal() {
  Error error = not_found("There is no client, key or outside principal of this id.", "unknown_principal");
  error.field = "principal";
  return error;
}

// Whether somebody in this tenant, or of the whole server, may be meant. The callers of a tenant do not see the server's.
Status check_principal(const Services& services, const RequestContext& context, const std::string& principal,
                       TenantKey tenant) {
  const auto fits = [&](TenantKey owner) { return oversees(context, owner) && (!owner || owner == tenant); };
  const auto slash = principal.find('/');
  if (slash == std::string::npos) {
    const auto id = parse_id<AccountId>(principal);
    const auto account = id ? services.access.accounts.find(*id) : nullptr;
    return account && fits(account->tenant) && to_text(account->id) == principal ? Status() : unknown_principal();
  }
  const auto id = parse_id<IssuerId>(std::string_view(principal).substr(0, slash));
  const auto issuer = id ? services.access.issuers.find(*id) : nullptr;
  const bool plain = issuer && principal.starts_with(to_text(issuer->id)) && slash + 1 < principal.size();
  return plain && fits(issuer->tenant) ? Status() : unknown_principal();
}

Result<Grant> read_grant(const Services& services, const RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  Grant grant;
  reader.required("principal").required("object");
  reader.string("principal", grant.principal, kPrincipalBytesMax, 1);
  const auto* target = reader.object("object");
  reader.only_these();
  if (!reader.ok()) return reader.error();

  std::string kind;
  std::string id;
  json::ObjectReader inner(*target, "object");
  inner.required("kind").required("id");
  inner.string("kind", kind, kNameBytesMax).string("id", id, kNameBytesMax);
  inner.only_these();
  if (!inner.ok()) return inner.error();
  if (kind != "subscription") return invalid("object/kind", "must be \"subscription\"");

  const auto parsed = parse_id<SubscriptionId>(id);
  const auto subscription = parsed ? services.catalogue.find_subscription(parsed->key) : nullptr;
  if (!subscription || subscription->id != *parsed || !oversees(context, subscription->tenant)) {
    Error error = not_found("There is no subscription of this id.", "unknown_subscription");
    error.field = "object/id";
    return error;
  }
  if (auto known = check_principal(services, context, grant.principal, subscription->tenant); !known) {
    return std::move(known).error();
  }
  grant.tenant = subscription->tenant;
  grant.subscription = subscription->id;
  return grant;
}

Result<GrantPtr> find(const Services& services, const RequestContext& context) {
  const auto id = parse_id<GrantId>(context.parameters[0]);
  auto found = id ? services.access.accounts.find(*id) : nullptr;
  if (!found || !oversees(context, found->tenant)) return not_found("There is no grant of this id.", "unknown_grant");
  return found;
}

net::Task<Answer> list_grants(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto principal = read_text_filter(context.query, "principal");
  if (!principal) co_return principal.error();
  const auto found = services.access.accounts.list_grants(context.principal->tenant, *principal, GrantKey{*after},
                                                          std::size_t{page->limit} + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
    append_grant(body, services, *found[i]);
    if (i + 1 == page->limit && found.size() > page->limit) position = std::to_string(found[i]->id.key.value);
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_grant(Services services, RequestContext& context) {
  const auto grant = find(services, context);
  if (!grant) co_return grant.error();
  std::string body;
  append_grant(body, services, **grant);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> post_grant(Services services, RequestContext& context) {
  auto grant = read_grant(services, context);
  if (!grant) co_return std::move(grant).error();
  auto made = co_await services.access.accounts.grant(services.session, std::move(*grant), context.author());
  if (!made) co_return std::move(made).error();
  std::string body;
  append_grant(body, services, **made);
  net::HttpResponse response = json_answer(201, std::move(body));
  response.headers.push_back({"Location", "/api/v1/grants/" + to_text((*made)->id)});
  co_return response;
}

net::Task<Answer> delete_grant(Services services, RequestContext& context) {
  const auto grant = find(services, context);
  if (!grant) co_return grant.error();
  auto removed = co_await services.access.accounts.revoke(services.session, *grant, context.author());
  if (!removed) co_return std::move(removed).error();
  co_return no_content();
}

}  // namespace

void append_grant(std::string& body, const Services& services, const Grant& grant) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(grant.id));
  json.string("principal", grant.principal);
  write_owner(json, services, grant.tenant);
  json.begin_object("object").string("kind", "subscription").string("id", to_text(grant.subscription)).end_object();
  json.time("createdAt", grant.created_at);
  json.end_object();
}

void add_grant_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/grants";
  constexpr std::string_view kOne = "/api/v1/grants/{grant}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor", "principal"},
                    .handler = handler(services, list_grants)});
  routes.push_back({.method = Method::post,
                    .pattern = kAll,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, post_grant)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .handler = handler(services, get_grant)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .handler = handler(services, delete_grant)});
}

}  // namespace posthorn::api::native
