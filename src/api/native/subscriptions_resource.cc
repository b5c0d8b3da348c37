// Subscriptions: who wants which events where. The settings themselves are read and written by
// domain/outbound/subscription_document.h; here stand identity, the secret, and revisions.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/resources.h"
#include "domain/outbound/subscription_document.h"
#include "json/plain_text.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::SubscriptionPtr;

constexpr std::string_view kHidden = "***";

// `secret`: shown as it is given; kHidden except in the answer that made the subscription.
void append(std::string& body, const domain::Subscription& subscription, std::string_view secret) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(subscription.id));
  json.integer("number", subscription.number);
  for (const auto& [name, value] : domain::write_settings(subscription.settings)) {
    json.raw(name, posthorn::json::to_plain_text(value));
  }
  json.string("secret", secret);
  json.string_or_null("disabledReason", subscription.disabled_reason);
  json.integer("revision", subscription.revision);
  json.time("createdAt", subscription.created_at);
  json.time("updatedAt", subscription.updated_at);
  json.end_object();
}

net::HttpResponse answer(int status, const domain::Subscription& subscription, std::string_view secret) {
  std::string body;
  append(body, subscription, secret);
  return json_answer(status, std::move(body), subscription.revision);
}

struct SubscriptionInput {
  domain::SubscriptionSettings settings;
  std::string secret;  // empty: none was given, or what a read shows came back
};

Result<SubscriptionInput> read_input(std::string_view body, domain::SubscriptionSettings base) {
  const auto object = read_object(body);
  if (!object) return object.error();
  auto settings = domain::read_settings(*object, std::move(base));
  if (!settings) return std::move(settings).error();

  SubscriptionInput input{std::move(*settings), {}};
  const auto* secret = object->if_contains("secret");
  if (secret == nullptr || secret->is_null()) return input;
  if (!secret->is_string()) return invalid("secret", "must be a string", "wrong_type");
  input.secret = std::string(std::string_view(secret->get_string()));
  if (input.secret.empty()) return invalid("secret", "must not be empty", "invalid_secret");
  if (input.secret == kHidden) input.secret.clear();
  return input;
}

Result<SubscriptionPtr> find(const Services& services, const RequestContext& context) {
  const std::string& given = context.parameters[1];
  const auto id = parse_id<SubscriptionId>(given);
  auto found = id ? services.catalogue.find_subscription(context.tenant->key, *id)
                  : services.catalogue.find_subscription_by_uid(context.tenant->key, given);
  if (!found) return not_found("There is no subscription of this id.", "unknown_subscription");
  return found;
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
    if (context.reaches(found[i]->id.key)) append(body, *found[i], kHidden);
    if (i + 1 == page->limit && found.size() > page->limit) position = std::to_string(found[i]->id.key.value);
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_subscription(Services services, RequestContext& context) {
  const auto subscription = find(services, context);
  if (!subscription) co_return subscription.error();
  co_return answer(200, **subscription, kHidden);
}

net::Task<Answer> post_subscription(Services services, RequestContext& context) {
  auto input = read_input(context.request.body, domain::SubscriptionSettings());
  if (!input) co_return std::move(input).error();
  domain::SubscriptionSecrets secrets;
  secrets.current = input->secret.empty() ? outbound::make_secret() : std::move(input->secret);
  domain::Subscription subscription;
  subscription.tenant = context.tenant->key;
  subscription.settings = std::move(input->settings);
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), secrets, 0);
  if (!saved) co_return std::move(saved).error();
  net::HttpResponse response = answer(201, **saved, secrets.current);
  response.headers.push_back({"Location", std::string(context.request.path) + '/' + to_text((*saved)->id)});
  co_return response;
}

// Replaces (PUT: over default settings) or changes (PATCH: over the current ones).
net::Task<Answer> change(Services services, RequestContext& context, SubscriptionPtr current,
                         domain::SubscriptionSettings base) {
  const std::int64_t revision = current->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto input = read_input(context.request.body, std::move(base));
  if (!input) co_return std::move(input).error();
  if (input->settings.kind != current->settings.kind) {
    co_return invalid("kind", "cannot be changed: make another subscription", "immutable");
  }
  domain::Subscription subscription = *current;
  const bool switched = input->settings.enabled != current->settings.enabled;
  subscription.settings = std::move(input->settings);
  // Why the server disabled it is of interest only until somebody decides anew.
  if (switched) subscription.disabled_reason.clear();
  std::optional<domain::SubscriptionSecrets> secrets;
  if (!input->secret.empty()) {
    auto kept = services.catalogue.secrets_of(*current);
    if (!kept) co_return std::move(kept).error();
    secrets = std::move(*kept);
    secrets->current = std::move(input->secret);
    secrets->previous.clear();
  }
  auto saved =
      co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets), revision);
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return answer(200, **saved, kHidden);
}

net::Task<Answer> put_subscription(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  domain::SubscriptionSettings base;
  base.kind = (*current)->settings.kind;
  co_return co_await change(services, context, *current, std::move(base));
}

net::Task<Answer> patch_subscription(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  co_return co_await change(services, context, *current, (*current)->settings);
}

net::Task<Answer> delete_subscription(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.catalogue.remove_subscription(services.session, *current, revision);
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
                    .handler = handler(services, get_subscription)});
  routes.push_back({.method = Method::put,
                    .pattern = kOne,
                    .action = Action::write_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, put_subscription)});
  routes.push_back({.method = Method::patch,
                    .pattern = kOne,
                    .action = Action::write_subscriptions,
                    .binding = Binding::tenant,
                    .body = BodyKind::json,
                    .body_bytes_max = kCatalogueBodyBytesMax,
                    .handler = handler(services, patch_subscription)});
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::delete_subscriptions,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_subscription)});
}

}  // namespace posthorn::api::native
