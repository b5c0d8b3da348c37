// Clients: id and secret, to be traded for tokens at /oauth2/token. The secret is shown once; only its hash is kept.
#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/precondition.h"
#include "api/native/account_json.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::AccountKind;
using domain::Action;

net::Task<Answer> list_clients(Services services, RequestContext& context) {
  co_return co_await list_accounts(services, context, AccountKind::client);
}

net::Task<Answer> get_client(Services services, RequestContext& context) {
  co_return co_await get_account(services, context, AccountKind::client);
}

net::Task<Answer> post_client(Services services, RequestContext& context) {
  co_return co_await post_account(services, context, AccountKind::client);
}

net::Task<Answer> patch_client(Services services, RequestContext& context) {
  co_return co_await patch_account(services, context, AccountKind::client);
}

net::Task<Answer> delete_client(Services services, RequestContext& context) {
  co_return co_await remove_account(services, context, AccountKind::client);
}

net::Task<Answer> rotate_secret(Services services, RequestContext& context) {
  const auto current = find_account(services, context, AccountKind::client);
  if (!current) co_return current.error();
  if (auto holds = check_preconditions(context.request.headers, (*current)->revision); !holds) {
    co_return std::move(holds).error();
  }
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  json::ObjectReader reader(*object, "");
  std::int64_t overlap = std::chrono::seconds(access::kSecretOverlapDefault).count();
  reader.integer("overlapSeconds", overlap, 0, std::chrono::seconds(access::kSecretOverlapMax).count());
  reader.only_these();
  if (!reader.ok()) co_return reader.error();
  auto made =
      co_await services.access.accounts.rotate(services.session, *current, std::chrono::seconds(overlap), context.author());
  if (!made) co_return explain_lost_race(std::move(made).error(), context.request.headers);
  std::string body;
  append_account(body, services, *made->account, made->secret);
  co_return json_answer(200, std::move(body), made->account->revision);
}

}  // namespace

void add_client_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/clients";
  constexpr std::string_view kOne = "/api/v1/clients/{client}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_clients)});
  routes.push_back({.method = Method::post,
                    .pattern = kAll,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, post_client)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .handler = handler(services, get_client)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, patch_client)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .handler = handler(services, delete_client)});
  routes.push_back({.method = Method::post,
                    .pattern = "/api/v1/clients/{client}/rotate-secret",
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, rotate_secret)});
}

}  // namespace posthorn::api::native
