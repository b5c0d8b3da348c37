// create, update, delete, getbyid, getall, rotatesecret.
#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>

#include "api/kit/body.h"
#include "api/kit/surface_routes.h"
#include "api/orangelogic/configuration.h"
#include "api/orangelogic/document.h"
#include "api/orangelogic/orangelogic_routes.h"
#include "api/orangelogic/subscription.h"
#include "base/text.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;
using domain::Action;
using domain::SubscriptionPtr;

constexpr std::string_view kId = "subscriptionId";
constexpr std::size_t kPagesMax = 10'000;
constexpr std::size_t kPageSizeDefault = 50;
constexpr std::size_t kSecretBytes = 24;

// Removes the id from the object and answers it.
Result<std::string> take_id(bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return invalid(std::string(name), "is required, as a string", "required");
  std::string id(value->get_string());
  object.erase(name);
  return id;
}

Result<bj::object> read_settings_body(std::string_view body) {
  return read_members(body, {kId, "name", "description", "targetUrl", "topics", "includePredicates", "excludePredicates",
                             "customHeaders", "active", "maxRetries", "timeoutSeconds"});
}

net::Task<Answer> create(Services services, RequestContext& context) {
  const auto object = read_settings_body(context.request.body);
  if (!object) co_return object.error();
  if (object->contains(kId)) co_return invalid(std::string(kId), "is given by the server");
  auto settings = read_subscription(*object, blank_subscription());
  if (!settings) co_return std::move(settings).error();
  domain::Subscription subscription;
  subscription.tenant = context.tenant->key;
  subscription.settings = std::move(*settings);
  domain::SubscriptionSecrets secrets;
  secrets.current = outbound::make_secret();
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets), 0,
                                                             context.author());
  if (!saved) co_return std::move(saved).error();
  co_return document_answer(context.request, 200, write_subscription(**saved));
}

net::Task<Answer> update(Services services, RequestContext& context) {
  auto object = read_settings_body(context.request.body);
  if (!object) co_return std::move(object).error();
  const auto id = take_id(*object, kId);
  if (!id) co_return id.error();
  const auto current = find_subscription(services, context, *id);
  if (!current) co_return current.error();
  auto settings = read_subscription(*object, (*current)->settings);
  if (!settings) co_return std::move(settings).error();
  domain::Subscription subscription = **current;
  subscription.settings = std::move(*settings);
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::nullopt,
                                                             (*current)->revision, context.author());
  if (!saved) co_return std::move(saved).error();
  co_return document_answer(context.request, 200, write_subscription(**saved));
}

// The id stands in the query, in a JSON body, or in both.
Result<std::string> id_of(const RequestContext& context) {
  const auto given = context.query.find(kId);
  const bool in_query = given.data() != nullptr;
  if (context.request.body.empty()) {
    if (!in_query) return invalid(std::string(kId), "is required, in the query or the body", "required");
    return std::string(given);
  }
  auto object = read_members(context.request.body, {kId});
  if (!object) return std::move(object).error();
  if (in_query && object->empty()) return std::string(given);
  auto id = take_id(*object, kId);
  if (id && in_query && *id != given) return invalid(std::string(kId), "is another one in the query than in the body");
  return id;
}

net::Task<Answer> remove(Services services, RequestContext& context) {
  const auto id = id_of(context);
  if (!id) co_return id.error();
  const auto current = find_subscription(services, context, *id);
  if (!current) co_return current.error();
  auto removed =
      co_await services.catalogue.remove_subscription(services.session, *current, (*current)->revision, context.author());
  if (!removed) co_return std::move(removed).error();
  const bj::object answer{{kId, *id}, {"deleted", true}};
  co_return document_answer(context.request, 200, answer);
}

net::Task<Answer> get_by_id(Services services, RequestContext& context) {
  const auto id = context.query.find(kId);
  if (id.data() == nullptr) co_return invalid(std::string(kId), "is required", "required");
  const auto found = find_subscription(services, context, id);
  if (!found) co_return found.error();
  co_return document_answer(context.request, 200, write_subscription(**found));
}

Result<std::size_t> read_count(const RequestContext& context, std::string_view name, std::size_t otherwise, std::size_t max) {
  const auto text = context.query.find(name);
  if (text.data() == nullptr) return otherwise;
  std::size_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || count < 1 || count > max) {
    return invalid(std::string(name), "must be a whole number from 1 to " + std::to_string(max), "out_of_range");
  }
  return count;
}

net::Task<Answer> get_all(Services services, RequestContext& context) {
  const auto page = read_count(context, "page", 1, kPagesMax);
  if (!page) co_return page.error();
  const auto size = read_count(context, "pageSize", kPageSizeDefault, kPageItemsMax);
  if (!size) co_return size.error();
  const auto all = visible_subscriptions(services, context, is_subscription);
  bj::array shown;
  for (std::size_t i = (*page - 1) * *size; i < all.size() && shown.size() < *size; ++i) {
    shown.push_back(write_subscription(*all[i]));
  }
  const bj::object answer{{"subscriptions", std::move(shown)}, {"totalCount", all.size()}};
  co_return document_answer(context.request, 200, answer);
}

bool is_alphanumeric(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

// The first call gives the subscription its first secret and lets it sign; later ones rotate.
net::Task<Result<std::string>> rotate(Services services, RequestContext& context, SubscriptionPtr current, std::string secret) {
  if (secret.empty()) secret = hex_encode(crypto::random_bytes(kSecretBytes));
  const auto configuration = read_configuration(context.tenant->settings);
  if (!configuration) co_return configuration.error();
  domain::Subscription subscription = *current;
  subscription.settings.signatures = with_scheme(std::move(subscription.settings.signatures), configuration->scheme);
  if (!current->settings.signatures.empty()) {
    auto changed = std::make_shared<const domain::Subscription>(std::move(subscription));
    auto rotated = co_await services.catalogue.rotate_secret(services.session, std::move(changed), std::move(secret),
                                                             configuration->overlap, current->revision, context.author());
    if (!rotated) co_return std::move(rotated).error();
    co_return std::move(rotated->secret);
  }
  auto kept = services.catalogue.secrets_of(*current);
  if (!kept) co_return std::move(kept).error();
  domain::SubscriptionSecrets secrets = std::move(*kept);
  secrets.current = secret;
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets),
                                                             current->revision, context.author());
  if (!saved) co_return std::move(saved).error();
  co_return secret;
}

net::Task<Answer> rotate_secret(Services services, RequestContext& context) {
  auto object = read_members(context.request.body, {kId, "newSecret"});
  if (!object) co_return std::move(object).error();
  const auto id = take_id(*object, kId);
  if (!id) co_return id.error();
  std::string secret;
  if (const auto* given = object->if_contains("newSecret"); given != nullptr && !given->is_null()) {
    const auto* text = given->if_string();
    if (text == nullptr || !is_alphanumeric(*text)) {
      co_return invalid("newSecret", "must be letters and digits", "invalid_secret");
    }
    secret = *text;
  }
  const auto current = find_subscription(services, context, *id);
  if (!current) co_return current.error();
  auto rotated = co_await rotate(services, context, *current, std::move(secret));
  if (!rotated) {
    Error error = std::move(rotated).error();
    if (error.field == "secret") error.field = "newSecret";
    co_return error;
  }
  const bj::object answer{{"newSecret", *rotated}};
  co_return document_answer(context.request, 200, answer);
}

}  // namespace

void add_subscription_routes(std::vector<Route>& routes, const Services& services) {
  SurfaceRoutes add(routes, services, kSurface);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/create_22E_v1",
       .action = Action::create_subscriptions,
       .body = BodyKind::json},
      create);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/update_22F_v1",
       .action = Action::write_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      update);
  add({.method = Method::remove,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/delete_22G_v1",
       .action = Action::delete_subscriptions,
       .body = BodyKind::any,
       .query = {kId},
       .reach = Reach::filtered},
      remove);
  add({.method = Method::get,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/getbyid_22H_v1",
       .action = Action::read_subscriptions,
       .query = {kId},
       .reach = Reach::filtered},
      get_by_id);
  add({.method = Method::get,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/getall_22I_v1",
       .action = Action::read_subscriptions,
       .query = {"page", "pageSize"},
       .reach = Reach::filtered},
      get_all);
  add({.method = Method::post,
       .pattern = "/orangelogic/webapi/extensibility/webhook/subscription/rotatesecret_22P_v1",
       .action = Action::rotate_secrets,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      rotate_secret);
}

}  // namespace posthorn::api::orangelogic
