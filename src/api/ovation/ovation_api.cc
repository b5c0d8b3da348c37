#include "api/ovation/ovation_api.h"

#include <algorithm>
#include <charconv>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/problem.h"
#include "api/kit/surface_routes.h"
#include "api/ovation/webhook_endpoint.h"

namespace posthorn::api::ovation {
namespace {

using domain::Action;
using domain::SubscriptionPtr;

constexpr std::string_view kTemplateNotFound = "Project Template not found";

net::HttpResponse errors_answer(int status, const Problems& problems) {
  std::string body = R"({"errors":[)";
  for (const auto& problem : problems) {
    if (body.back() != '[') body += ',';
    append_json_string(body, problem);
  }
  body += "]}";
  return json_answer(status, std::move(body));
}

net::HttpResponse write_error(const Error& error, const RequestContext&) {
  const std::string words = error.field.empty() ? error.message : error.field + " " + error.message;
  return errors_answer(status_of(error), {words});
}

const Surface kSurface{.name = "ovation", .prefix = "/ovation", .write_error = write_error};

Error unknown_endpoint() { return not_found("Webhook endpoint not found", "unknown_endpoint"); }

// The project template of the path, when the tenant has it: a number that is the name of a scope.
bool has_template(const Services& services, const RequestContext& context) {
  const std::string& name = context.parameters[0];
  const bool digits = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && services.catalogue.find_scope(context.tenant->key, name) != nullptr;
}

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<SubscriptionPtr> find(const Services& services, const RequestContext& context) {
  if (!has_template(services, context)) return not_found(std::string(kTemplateNotFound), "unknown_project_template");
  const auto number = read_number(context.parameters[1]);
  auto found = number ? services.catalogue.find_subscription_by_number(context.tenant->key, *number) : nullptr;
  if (!found || !is_endpoint(*found, context.parameters[0]) || !context.reaches(found->id.key)) return unknown_endpoint();
  return found;
}

Status append(const Services& services, std::string& body, const domain::Subscription& subscription) {
  const auto secrets = services.catalogue.secrets_of(subscription);
  if (!secrets) return secrets.error();
  append_endpoint(body, subscription, *secrets);
  return {};
}

Answer answer(const Services& services, int status, const domain::Subscription& subscription) {
  std::string body = R"({"webhook_endpoint":)";
  if (auto appended = append(services, body, subscription); !appended) return std::move(appended).error();
  body += '}';
  return json_answer(status, std::move(body));
}

net::Task<Answer> list_endpoints(Services services, RequestContext& context) {
  if (!has_template(services, context)) co_return not_found(std::string(kTemplateNotFound), "unknown_project_template");
  std::string body = R"({"webhook_endpoints":[)";
  const auto wanted = [&](const domain::Subscription& each) { return is_endpoint(each, context.parameters[0]); };
  for (const auto& subscription : visible_subscriptions(services, context, wanted)) {
    if (auto appended = append(services, body, *subscription); !appended) co_return std::move(appended).error();
  }
  body += "]}";
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_endpoint(Services services, RequestContext& context) {
  const auto found = find(services, context);
  if (!found) co_return found.error();
  co_return answer(services, 200, **found);
}

net::Task<Answer> post_endpoint(Services services, RequestContext& context) {
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  const auto input = read_endpoint(*object, Purpose::create);
  Problems problems;
  if (!input) problems = input.error();
  if (!has_template(services, context)) problems.insert(problems.begin(), std::string(kTemplateNotFound));
  if (!problems.empty()) co_return errors_answer(422, problems);

  domain::Subscription subscription;
  subscription.tenant = context.tenant->key;
  subscription.settings = apply(*input, blank_endpoint(context.parameters[0]));
  domain::SubscriptionSecrets secrets = apply(*input, domain::SubscriptionSecrets());
  secrets.current = outbound::make_secret();
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets), 0,
                                                             context.author());
  if (!saved) co_return std::move(saved).error();
  co_return answer(services, 201, **saved);
}

net::Task<Answer> put_endpoint(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const auto object = read_object(context.request.body);
  if (!object) co_return object.error();
  auto input = read_endpoint(*object, Purpose::update);
  if (!input) co_return errors_answer(422, input.error());
  auto kept = services.catalogue.secrets_of(**current);
  if (!kept) co_return std::move(kept).error();

  domain::Subscription subscription = **current;
  subscription.settings = apply(*input, (*current)->settings);
  domain::SubscriptionSecrets secrets = apply(*input, std::move(*kept));
  auto saved = co_await services.catalogue.save_subscription(services.session, std::move(subscription), std::move(secrets),
                                                             (*current)->revision, context.author());
  if (!saved) co_return std::move(saved).error();
  co_return answer(services, 201, **saved);
}

net::Task<Answer> delete_endpoint(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  auto removed =
      co_await services.catalogue.remove_subscription(services.session, *current, (*current)->revision, context.author());
  if (!removed) co_return std::move(removed).error();
  co_return answer(services, 201, **current);
}

}  // namespace

std::vector<Route> routes(const Services& services) {
  constexpr std::string_view kAll = "/ovation/api/v3/project_templates/{projectTemplateId}/webhook_endpoints";
  constexpr std::string_view kOne = "/ovation/api/v3/project_templates/{projectTemplateId}/webhook_endpoints/{webhookId}";
  std::vector<Route> routes;
  SurfaceRoutes add(routes, services, kSurface);
  add({.method = Method::get, .pattern = kAll, .action = Action::read_subscriptions, .reach = Reach::filtered}, list_endpoints);
  add({.method = Method::post, .pattern = kAll, .action = Action::create_subscriptions, .body = BodyKind::json}, post_endpoint);
  add({.method = Method::get, .pattern = kOne, .action = Action::read_subscriptions, .reach = Reach::filtered}, get_endpoint);
  add({.method = Method::put,
       .pattern = kOne,
       .action = Action::write_subscriptions,
       .body = BodyKind::json,
       .reach = Reach::filtered},
      put_endpoint);
  add({.method = Method::remove, .pattern = kOne, .action = Action::delete_subscriptions, .reach = Reach::filtered},
      delete_endpoint);
  return routes;
}

}  // namespace posthorn::api::ovation
