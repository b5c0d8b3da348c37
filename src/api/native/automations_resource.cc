// Automations: rules that publish other events.
#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/json_writer.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"
#include "api/native/export_json.h"
#include "api/native/read_only.h"
#include "api/native/resources.h"
#include "domain/access/name.h"
#include "domain/outbound/automation.h"
#include "json/plain_text.h"

namespace posthorn::api::native {
namespace {

using domain::Action;
using domain::AutomationPtr;

net::HttpResponse answer(int status, const domain::Automation& automation) {
  std::string body;
  append_automation(body, automation);
  return json_answer(status, std::move(body), automation.revision);
}

// What a call gives: the settings, and the name when it stands there too.
struct Input {
  domain::AutomationSettings settings;
  std::string name;
};

// Over `base`; `shown`: as a read shows what is there.
Result<Input> read_input(std::string_view body, domain::AutomationSettings base, std::string_view shown) {
  auto object = read_object(body);
  if (!object) return std::move(object).error();
  if (auto taken = take_read_only(*object, shown, {"revision", "createdAt", "updatedAt"}); !taken) return taken.error();
  auto settings = domain::read_automation(*object, std::move(base));
  if (!settings) return std::move(settings).error();
  Input input{std::move(*settings), {}};
  if (const auto* name = object->if_contains("name"); name != nullptr) {
    if (!name->is_string()) return invalid("name", "must be a string", "wrong_type");
    input.name = std::string(std::string_view(name->get_string()));
    if (auto checked = domain::check_name(input.name, "name"); !checked) return std::move(checked).error();
  }
  return input;
}

// What the rule names must be there. (What goes later is noticed when the rule is set off.)
Status check_references(const Services& services, TenantKey tenant, const domain::AutomationSettings& settings) {
  if (auto checked = domain::check_automation(settings); !checked) return checked;
  if (!services.catalogue.find_topic(tenant, settings.publish_topic).topic) {
    return invalid("publish/topic", "there is no topic of this name: make it first", "unknown_topic");
  }
  if (!settings.publish_scope.empty() && !services.catalogue.find_scope(tenant, settings.publish_scope)) {
    return invalid("publish/scope", "there is no scope of this name", "unknown_scope");
  }
  return {};
}

Result<AutomationPtr> find(const Services& services, const RequestContext& context) {
  auto found = services.catalogue.automations().find(context.tenant->key, context.parameters[1]);
  if (!found) return not_found("There is no automation of this name.", "unknown_automation");
  return found;
}

net::Task<Answer> list_automations(Services services, RequestContext& context) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto found = services.catalogue.automations().list(context.tenant->key, page->position, page->limit + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
    append_automation(body, *found[i]);
    if (i + 1 == page->limit && found.size() > page->limit) position = found[i]->name;
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_automation(Services services, RequestContext& context) {
  const auto automation = find(services, context);
  if (!automation) co_return automation.error();
  co_return answer(200, **automation);
}

net::Task<Answer> save(Services services, RequestContext& context, domain::Automation automation, std::int64_t expected) {
  if (auto checked = check_references(services, automation.tenant, automation.settings); !checked) {
    co_return std::move(checked).error();
  }
  auto saved =
      co_await services.catalogue.automations().save(services.session, std::move(automation), expected, context.author());
  if (!saved) co_return explain_lost_race(std::move(saved).error(), context.request.headers);
  co_return answer(expected == 0 ? 201 : 200, **saved);
}

net::Task<Answer> post_automation(Services services, RequestContext& context) {
  auto input = read_input(context.request.body, domain::AutomationSettings(), "{}");
  if (!input) co_return std::move(input).error();
  if (input->name.empty()) co_return invalid("name", "is required", "required");
  if (auto checked = domain::check_automation(input->settings); !checked) co_return std::move(checked).error();
  if (services.catalogue.automations().find(context.tenant->key, input->name)) {
    co_return conflict("name", "the name is taken", "name_taken");
  }
  domain::Automation automation;
  automation.tenant = context.tenant->key;
  automation.name = std::move(input->name);
  automation.settings = std::move(input->settings);
  const std::string location = std::string(context.request.path) + '/' + automation.name;
  auto answered = co_await save(services, context, std::move(automation), 0);
  if (answered) answered->headers.push_back({"Location", location});
  co_return answered;
}

// Makes or replaces (PUT: over default settings) or changes (PATCH: over the current ones).
net::Task<Answer> change(Services services, RequestContext& context, AutomationPtr current, domain::AutomationSettings base) {
  const std::string& name = context.parameters[1];
  const auto revision = current ? std::optional(current->revision) : std::nullopt;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  std::string shown;
  if (current) append_automation(shown, *current);
  auto input = read_input(context.request.body, std::move(base), current ? shown : "{}");
  if (!input) co_return std::move(input).error();
  if (!input->name.empty() && input->name != name) {
    co_return invalid("name", "must be the one in the path: automations keep their name");
  }
  domain::Automation automation;
  if (current) {
    automation = *current;
  } else {
    automation.tenant = context.tenant->key;
    automation.name = name;
  }
  automation.settings = std::move(input->settings);
  co_return co_await save(services, context, std::move(automation), revision.value_or(0));
}

net::Task<Answer> put_automation(Services services, RequestContext& context) {
  if (auto checked = domain::check_name(context.parameters[1], "automation"); !checked) co_return std::move(checked).error();
  auto current = services.catalogue.automations().find(context.tenant->key, context.parameters[1]);
  co_return co_await change(services, context, std::move(current), domain::AutomationSettings());
}

net::Task<Answer> patch_automation(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  co_return co_await change(services, context, *current, (*current)->settings);
}

net::Task<Answer> delete_automation(Services services, RequestContext& context) {
  const auto current = find(services, context);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.catalogue.automations().remove(services.session, *current, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  co_return no_content();
}

}  // namespace

void append_automation(std::string& body, const domain::Automation& automation) {
  JsonWriter json(body);
  json.begin_object();
  json.string("name", automation.name);
  for (const auto& [name, value] : domain::write_automation(automation.settings)) {
    json.raw(name, posthorn::json::to_plain_text(value));
  }
  json.integer("revision", automation.revision);
  json.time("createdAt", automation.created_at);
  json.time("updatedAt", automation.updated_at);
  json.end_object();
}

void add_automation_routes(std::vector<Route>& routes, const Services& services) {
  constexpr std::string_view kAll = "/api/v1/tenants/{tenant}/automations";
  constexpr std::string_view kOne = "/api/v1/tenants/{tenant}/automations/{automation}";
  routes.push_back({.method = Method::get,
                    .pattern = kAll,
                    .action = Action::read_automations,
                    .binding = Binding::tenant,
                    .query = {"limit", "cursor"},
                    .handler = handler(services, list_automations)});
  routes.push_back({.method = Method::get,
                    .pattern = kOne,
                    .action = Action::read_automations,
                    .binding = Binding::tenant,
                    .handler = handler(services, get_automation)});
  const auto add_change = [&](Method method, std::string_view pattern, Call call) {
    routes.push_back({.method = method,
                      .pattern = pattern,
                      .action = Action::write_automations,
                      .binding = Binding::tenant,
                      .body = BodyKind::json,
                      .body_bytes_max = kCatalogueBodyBytesMax,
                      .handler = handler(services, call)});
  };
  add_change(Method::post, kAll, post_automation);
  add_change(Method::put, kOne, put_automation);
  add_change(Method::patch, kOne, patch_automation);
  routes.push_back({.method = Method::remove,
                    .pattern = kOne,
                    .action = Action::write_automations,
                    .binding = Binding::tenant,
                    .handler = handler(services, delete_automation)});
}

}  // namespace posthorn::api::native
