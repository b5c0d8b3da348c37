// API keys: static bearers. The key is shown once; only its hash is kept.
#include "api/kit/answer.h"
#include "api/kit/precondition.h"
#include "api/native/account_json.h"
#include "api/native/resources.h"

namespace posthorn::api::native {
namespace {

using domain::Account;
using domain::AccountKind;
using domain::Action;

net::Task<Answer> list_keys(Services services, RequestContext& context) {
  co_return co_await list_accounts(services, context, AccountKind::key);
}

net::Task<Answer> get_key(Services services, RequestContext& context) {
  const auto key = find_account(services, context, AccountKind::key);
  if (!key) co_return key.error();
  std::string body;
  append_account(body, services, **key);
  co_return json_answer(200, std::move(body), (*key)->revision);
}

net::Task<Answer> post_key(Services services, RequestContext& context) {
  Account fresh;
  fresh.kind = AccountKind::key;
  auto key = read_account(services, context, std::move(fresh));
  if (!key) co_return std::move(key).error();
  auto made = co_await services.access.accounts.make(services.session, std::move(*key), context.author());
  if (!made) co_return std::move(made).error();
  std::string body;
  append_account(body, services, *made->account, "key", made->secret);
  net::HttpResponse response = json_answer(201, std::move(body), made->account->revision);
  response.headers.push_back({"Location", "/api/v1/keys/" + to_text(made->account->id)});
  co_return response;
}

net::Task<Answer> patch_key(Services services, RequestContext& context) {
  const auto current = find_account(services, context, AccountKind::key);
  if (!current) co_return current.error();
  if (auto holds = check_preconditions(context.request.headers, (*current)->revision); !holds) {
    co_return std::move(holds).error();
  }
  auto key = read_account(services, context, **current);
  if (!key) co_return std::move(key).error();
  auto changed = co_await services.access.accounts.change(services.session, std::move(*key), context.author());
  if (!changed) co_return explain_lost_race(std::move(changed).error(), context.request.headers);
  std::string body;
  append_account(body, services, **changed);
  co_return json_answer(200, std::move(body), (*changed)->revision);
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
