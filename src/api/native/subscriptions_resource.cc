// Subscriptions: who wants which events where. The settings themselves are read and written by
// domain/outbound/subscription_document.h, the authentication to the endpoint by authentication_document.h; here stand
// identity, the secret, and revisions.
#include <algorithm>
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/read_only.h"
#include "api/native/resources.h"
#include "api/native/subscription_reference.h"
#include "domain/outbound/authentication_document.h"
#include "domain/outbound/signature.h"
#include "domain/outbound/subscription_document.h"
#include "json/plain_text.h"
#include "outbound/transforms.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::SubscriptionPtr;

namespace bj = boost::json;

constexpr std::string_view kHidden = domain::kHiddenSecret;

// The public key of a subscription that signs with v1a; empty for others.
std::string public_key_of(const domain::Subscription& subscription, const domain::SubscriptionSecrets& secrets) {
  const auto& schemes = subscription.settings.signatures;
  const bool signs = std::find(schemes.begin(), schemes.end(), domain::SignatureScheme::v1a) != schemes.end();
  return signs ? domain::public_key_text(secrets) : std::string();
}

// `secret`: shown as it is given; kHidden except in the answer that made the subscription.
Status append(const Services& services, std::string& body, const domain::Subscription& subscription, std::string_view secret) {
  const auto secrets = services.catalogue.secrets_of(subscription);
  if (!secrets) return secrets.error();
  auto members = domain::write_settings(subscription.settings);
  domain::write_authentication(*secrets, members);
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(subscription.id));
  json.integer("number", subscription.number);
  for (const auto& [name, value] : members) json.raw(name, posthorn::json::to_plain_text(value));
  json.string("secret", secret);
  if (const auto key = public_key_of(subscription, *secrets); !key.empty()) json.string("publicKey", key);
  json.string_or_null("disabledReason", subscription.disabled_reason);
  json.integer("revision", subscription.revision);
  json.time("createdAt", subscription.created_at);
  json.time("updatedAt", subscription.updated_at);
  json.end_object();
  return {};
}

Answer answer(const Services& services, int status, const domain::Subscription& subscription, std::string_view secret) {
  std::string body;
  if (auto appended = append(services, body, subscription, secret); !appended) return std::move(appended).error();
  return json_answer(status, std::move(body), subscription.revision);
}

struct SubscriptionInput {
  domain::SubscriptionSettings settings;
  domain::SubscriptionSecrets secrets;
};

// Over `base`; `stored` is what "***" stands for.
Result<SubscriptionInput> read_input(const bj::object& object, SubscriptionInput base,
                                     const domain::SubscriptionSecrets& stored) {
  auto settings = domain::read_settings(object, std::move(base.settings));
  if (!settings) return std::move(settings).error();

  auto secrets = domain::read_authentication(object, std::move(base.secrets), stored);
  if (!secrets) return std::move(secrets).error();
  if (auto checked = domain::check_authentication(*settings, *secrets); !checked) return std::move(checked).error();

  SubscriptionInput input{std::move(*settings), std::move(*secrets)};
  const auto* secret = object.if_contains("secret");
  if (secret == nullptr || secret->is_null()) return input;
  if (!secret->is_string()) return invalid("secret", "must be a string", "wrong_type");
  const std::string_view text = secret->get_string();
  if (text.empty()) return invalid("secret", "must not be empty", "invalid_secret");
  if (text == kHidden) return input;
  input.secrets.current = text;
  input.secrets.previous.clear();
  return input;
}

net::Task<Answer> list_subscriptions(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto found = services.catalogue.list_subscriptions(context.tenant->key, SubscriptionKey{*after}, page->limit + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
    if (context.reaches(found[i]->id.key)) {
      if (auto appended = append(services, body, *found[i], kHidden); !appended) co_return std::move(appended).error();
    }
    if (i + 1 == page->limit && found.size() > page->limit) position = std::to_string(found[i]->id.key.value);
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_subscription(Services services, RequestContext& context) {
  const auto subscription = find_subscription(services, context);
  if (!subscription) co_return subscription.error();
  co_return answer(services, 200, **subscription, kHidden);
}

// A script that does not compile is refused when it is saved, not at the first delivery. `current`: null for a new
// subscription.
net::Task<Status> check_script(Services services, RequestContext& context, const domain::SubscriptionSettings& settings,
                               const domain::SubscriptionSettings* current) {
  if (!settings.transform || (current != nullptr && current->transform == settings.transform)) co_return Status();
  co_return co_await outbound::check_transform(services.scripts, services.loop, context.tenant->key, *settings.transform,
                                               "transform/code");
}

// `current`: null for a new subscription, of which nothing is shown yet.
Status take_shown(const Services& services, bj::object& object, const domain::Subscription* current) {
  std::string shown = current == nullptr ? "{}" : "";
  if (current != nullptr) {
    if (auto appended = append(services, shown, *current, kHidden); !appended) return appended;
  }
  return take_read_only(object, shown, {"id", "number", "publicKey", "disabledReason", "revision", "createdAt", "updatedAt"});
}

net::Task<Answer> post_subscription(Services services, RequestContext& context) {
  auto object = read_object(context.request.body);
  if (!object) co_return std::move(object).error();
  if (auto taken = take_shown(services, *object, nullptr); !taken) co_return std::move(taken).error();
  auto input = read_input(*object, {}, {});
  if (!input) co_return std::move(input).error();
  auto checked = co_await check_script(services, context, input->settings, nullptr);
  if (!checked) co_return std::move(checked).error();
  domain::SubscriptionSecrets secrets = std::move(input->secrets);
  if (secrets.current.empty()) secrets.current = outbound::make_secret();
  domain::Subscription subscription;
  subscription.tenant = context.tenant->key;
  subscription.settings = std::move(input->settings);
  auto saved =
      co_await services.catalogue.save_subscription(services.session, std::move(subscription), secrets, 0, context.author());
  if (!saved) co_return std::move(saved).error();
  Answer response = answer(services, 201, **saved, secrets.current);
  if (response) response->headers.push_back({"Location", std::string(context.request.path) + '/' + to_text((*saved)->id)});
  co_return response;
}

enum class Write { replace, change };  // PUT: over default settings; PATCH: over the current ones

// The signing secret stays either way until another is given.
SubscriptionInput base_of(const domain::Subscription& current, const domain::SubscriptionSecrets& stored, Write write) {
  SubscriptionInput base{current.settings, stored};
  if (write == Write::change) return base;
  base.settings = {};
  base.settings.kind = current.settings.kind;
  base.secrets.authentication = {};
  base.secrets.headers.clear();
  base.secrets.client_certificate.reset();
  return base;
}

net::Task<Answer> change(Services services, RequestContext& context, SubscriptionPtr current, Write write) {
  const std::int64_t revision = current->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  const auto stored = services.catalogue.secrets_of(*current);
  if (!stored) co_return stored.error();
  auto object = read_object(context.request.body);
  if (!object) co_return std::move(object).error();
  if (auto taken = take_shown(services, *object, current.get()); !taken) co_return std::move(taken).error();
  auto input = read_input(*object, base_of(*current, *stored, write), *stored);
  if (!input) co_return std::move(input).error();
  if (input->settings.kind != current->settings.kind) {
    co_return invalid("kind", "cannot be changed: make another subscription", "immutable");
  }
  auto checked = co_await check_script(services, context, input->settings, &current->settings);
  if (!checked) co_return std::move(checked).error();
  domain::Subscription subscription = *current;
  const bool switched = input->settings.enabled != current->settings.enabled;
  subscription.settings = std::move(input->settings);
  // Why the server disabled it is of interest only until somebody decides anew.
  if (switched) subscription.disabled_reason.clear();
  std::optional<domain::SubscriptionSecrets> secrets;
  if (input->secrets != *stored) secrets = std::move(input->secrets);
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets),
                                                             revision, context.author());
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return answer(services, 200, **saved, kHidden);
}

net::Task<Answer> put_subscription(Services services, RequestContext& context) {
  const auto current = find_subscription(services, context);
  if (!current) co_return current.error();
  co_return co_await change(services, context, *current, Write::replace);
}

net::Task<Answer> patch_subscription(Services services, RequestContext& context) {
  const auto current = find_subscription(services, context);
  if (!current) co_return current.error();
  co_return co_await change(services, context, *current, Write::change);
}

net::Task<Answer> delete_subscription(Services services, RequestContext& context) {
  const auto current = find_subscription(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.catalogue.remove_subscription(services.session, *current, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  co_return no_content();
}

}  // namespace

void add_subscription_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/tenants/{tenant}/subscriptions";
  constexpr std::string_view kOne = "/api/v1/tenants/{tenant}/subscriptions/{subscription}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_subscriptions,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_subscriptions),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::post,
                    .pattern = kAll,
                    .action = Action::create_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, post_subscription)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_subscriptions,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_subscription),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::put,
                    .pattern = kOne,
                    .action = Action::write_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, put_subscription),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_subscription),
                    .reach = Reach::filtered});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::delete_subscriptions,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_subscription),
                    .reach = Reach::filtered});
}

}  // namespace posthorn::api::native
