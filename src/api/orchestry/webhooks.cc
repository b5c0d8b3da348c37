// The webhooks of the provisioning API: subscriptions of Orchestry's format.
#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/surface_routes.h"
#include "api/orchestry/orchestry_routes.h"
#include "api/orchestry/webhook.h"

namespace posthorn::api::orchestry {
namespace {

using domain::Action;
using domain::SubscriptionPtr;

Error unknown_webhook() { return not_found("There is no webhook of this id.", "unknown_webhook"); }

Result<SubscriptionPtr> find(const Services& services, const RequestContext& context) {
  const auto id = parse_id<SubscriptionId>(context.parameters[0]);
  auto found = id ? services.catalogue.find_subscription(context.tenant->key, *id) : nullptr;
  if (!found || !is_webhook(*found) || !context.reaches(found->id.key)) return unknown_webhook();
  return found;
}

net::HttpResponse answer(int status, const domain::Subscription& subscription) {
  std::string body;
  append_webhook(body, subscription);
  return json_answer(status, std::move(body));
}

// What the store says of a uid is about the name that it was made of.
Error in_their_words(Error error) {
  if (error.code != "uid_taken") return error;
  return conflict("name", "another webhook has this name", "name_taken");
}

net::Task<Answer> list_webhooks(Services services, RequestContext& context) {
  std::string body = "[";
  for (const auto& subscription : visible_subscriptions(services, context, is_webhook)) {
    append_webhook(body, *subscription);
  }
  body += ']';
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_webhook(Services services, RequestContext& context) {
  const auto found = find(services, context);
  if (!found) co_return found.error();
  co_return answer(200, **found);
}

net::Task<Answer> post_webhook(Services services, RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  const auto input = read_webhook(*object, Completeness::all);
  if (!input) co_return input.error();
  const auto header = secret_header(context.tenant->settings);
  if (!header) co_return header.error();
  domain::Subscription subscription;
  subscription.tenant = context.tenant->key;
  subscription.settings = apply(*input, blank_webhook(*header));
  domain::SubscriptionSecrets secrets;
  secrets.current = input->secret && !input->secret->empty() ? *input->secret : outbound::make_secret();
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets), 0,
                                                             context.author());
  if (!saved) co_return in_their_words(std::move(saved).error());
  net::HttpResponse response = answer(201, **saved);
  response.headers.push_back({"Location", std::string(context.request.path) + '/' + to_text((*saved)->id)});
  co_return response;
}

// Replaces (PUT: over a blank webhook) or changes (PATCH: over the current one).
net::Task<Answer> change(Services services, RequestContext& context, Completeness completeness) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  auto input = read_webhook(*object, completeness);
  if (!input) co_return std::move(input).error();
  const auto header = secret_header(context.tenant->settings);
  if (!header) co_return header.error();
  // An absent secret stays: nobody can read it back to send it again.
  domain::SubscriptionSettings base = completeness == Completeness::all ? blank_webhook(*header) : (*current)->settings;
  base.signatures = (*current)->settings.signatures;
  domain::Subscription subscription = **current;
  subscription.settings = apply(*input, std::move(base));
  std::optional<domain::SubscriptionSecrets> secrets;
  if (input->secret && !input->secret->empty()) {
    auto kept = services.catalogue.secrets_of(**current);
    if (!kept) co_return std::move(kept).error();
    secrets = std::move(*kept);
    secrets->current = std::move(*input->secret);
    secrets->previous.clear();
  }
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets),
                                                             (*current)->revision, context.author());
  if (!saved) co_return in_their_words(std::move(saved).error());
  co_return answer(200, **saved);
}

net::Task<Answer> put_webhook(Services services, RequestContext& context) {
  co_return co_await change(services, context, Completeness::all);
}

net::Task<Answer> patch_webhook(Services services, RequestContext& context) {
  co_return co_await change(services, context, Completeness::changes);
}

net::Task<Answer> delete_webhook(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  auto removed =
      co_await services.catalogue.remove_subscription(services.session, *current, (*current)->revision, context.author());
  if (!removed) co_return std::move(removed).error();
  co_return no_content();
}

}  // namespace

void add_webhook_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/orchestry/v1/provisioning/webhooks";
  constexpr std::string_view kOne = "/orchestry/v1/provisioning/webhooks/{webhook}";
  SurfaceRoutes add(routes, services, kSurface);
  add({.method = Method::get, .pattern = kAll, .action = Action::read_subscriptions, .reach = Reach::filtered}, list_webhooks);
  add({.method = Method::post, .pattern = kAll, .action = Action::create_subscriptions, .body = BodyKind::json}, post_webhook);
  add({.method = Method::get, .pattern = kOne, .action = Action::read_subscriptions, .reach = Reach::filtered}, get_webhook);
  add({.method = Method::put,
       .pattern = kOne,
       .action = Action::write_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      put_webhook);
  add({.method = Method::patch,
       .pattern = kOne,
       .action = Action::write_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      patch_webhook);
  add({.method = Method::remove, .pattern = kOne, .action = Action::delete_subscriptions, .reach = Reach::filtered},
      delete_webhook);
}

}  // namespace posthorn::api::orchestry
