// API keys: static bearers. The key is shown once; only its hash is kept.
#include "api/native/account_json.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::AccountKind;
using domain::Action;

net::Task<Answer> list_keys(Services services, RequestContext& context) {
  co_return co_await list_accounts(services, context, AccountKind::key);
}

net::Task<Answer> get_key(Services services, RequestContext& context) {
  co_return co_await get_account(services, context, AccountKind::key);
}

net::Task<Answer> post_key(Services services, RequestContext& context) {
  co_return co_await post_account(services, context, AccountKind::key);
}

net::Task<Answer> patch_key(Services services, RequestContext& context) {
  co_return co_await patch_account(services, context, AccountKind::key);
}

net::Task<Answer> delete_key(Services services, RequestContext& context) {
  co_return co_await remove_account(services, context, AccountKind::key);
}

}  // namespace

void add_key_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/keys";
  constexpr std::string_view kOne = "/api/v1/keys/{key}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_keys)});
  routes.push_back({.method = Method::post,
                    .pattern = kAll,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, post_key)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_access,
                    .binding = Binding::realm,
                    .handler = handler(services, get_key)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .body = BodyKind::json,
                    .body_bytes_max = kEnvelopeBytesMax,
                    .handler = handler(services, patch_key)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_access,
                    .binding = Binding::realm,
                    .handler = handler(services, delete_key)});
}

}  // namespace posthorn::api::native
