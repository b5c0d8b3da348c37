#include "outbound/automations.h"

#include <mutex>
#include <utility>

#include "domain/access/audit_document.h"
#include "json/reader.h"
#include "observe/log.h"
#include "store/audit.h"

namespace posthorn::outbound {
namespace {

using domain::AutomationPtr;
using domain::EventPtr;

void note(const domain::Automation& rule, const domain::Event& cause, std::string_view reason) {
  observe::log(observe::Level::warning, "an automation could not publish",
               {{"automation", rule.name}, {"cause", to_text(cause.id)}, {"reason", std::string(reason)}});
}

}  // namespace

void Automations::fill(std::vector<domain::Automation> automations) {
  const std::unique_lock lock(mutex_);
  for (auto& one : automations) {
    auto shared = std::make_shared<const domain::Automation>(std::move(one));
    tenants_[shared->tenant].insert_or_assign(shared->name, shared);
  }
}

AutomationPtr Automations::find(TenantKey tenant, std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto mine = tenants_.find(tenant);
  if (mine == tenants_.end()) return nullptr;
  const auto found = mine->second.find(name);
  return found == mine->second.end() ? nullptr : found->second;
}

std::vector<AutomationPtr> Automations::list(TenantKey tenant, std::string_view after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<AutomationPtr> found;
  const auto mine = tenants_.find(tenant);
  if (mine == tenants_.end()) return found;
  for (auto at = mine->second.upper_bound(after); at != mine->second.end() && found.size() < limit; ++at) {
    found.push_back(at->second);
  }
  return found;
}

std::vector<AutomationPtr> Automations::rules_of(TenantKey tenant) const { return list(tenant, "", domain::kAutomationsMax); }

net::Task<Result<AutomationPtr>> Automations::save(store::Session& session, domain::Automation automation,
                                                   std::int64_t expected_revision, store::Author author) {
  if (auto checked = domain::check_automation(automation.settings); !checked) co_return std::move(checked).error();
  const auto rules = rules_of(automation.tenant);
  if (auto checked = domain::check_chains(automation, rules); !checked) co_return std::move(checked).error();
  if (expected_revision == 0 && rules.size() >= domain::kAutomationsMax) {
    co_return conflict({}, "a tenant may have at most " + std::to_string(domain::kAutomationsMax) + " automations", "too_many");
  }
  automation.updated_at = clock_.wall_now();
  if (!automation.key) {
    automation.key = {ids_.next_key()};
    automation.created_at = automation.updated_at;
  }
  const auto before = expected_revision == 0 ? nullptr : find(automation.tenant, automation.name);
  auto audit = store::audit_entry(ids_, author, automation.tenant,
                                  {"automation", automation.name, before ? domain::audit_document(*before) : std::string(),
                                   domain::audit_document(automation)});
  store::SaveAutomation write{automation, expected_revision, std::move(audit)};
  auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_automation(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  automation.revision = saved->revision;
  auto shared = std::make_shared<const domain::Automation>(std::move(automation));
  const std::unique_lock lock(mutex_);
  tenants_[shared->tenant].insert_or_assign(shared->name, shared);
  co_return AutomationPtr(shared);
}

net::Task<Status> Automations::remove(store::Session& session, AutomationPtr automation, std::int64_t expected_revision,
                                      store::Author author) {
  auto audit = store::audit_entry(ids_, author, automation->tenant,
                                  {"automation", automation->name, domain::audit_document(*automation), {}});
  store::DeleteAutomation write{automation->key, expected_revision, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_automation(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  const std::unique_lock lock(mutex_);
  const auto mine = tenants_.find(automation->tenant);
  if (mine != tenants_.end()) {
    mine->second.erase(automation->name);
    if (mine->second.empty()) tenants_.erase(mine);
  }
  co_return Status{};
}

void Automations::forget_tenant(TenantKey tenant) {
  const std::unique_lock lock(mutex_);
  tenants_.erase(tenant);
}

std::shared_ptr<domain::Event> Automations::make(const domain::Automation& rule, const domain::Event& cause,
                                                 domain::EventDocument& document, std::size_t bytes_max,
                                                 const Check& check) const {
  auto payload = rule.settings.publish_data->fill(document.value(), bytes_max);
  if (!payload) {
    note(rule, cause, payload.error().message);
    return nullptr;
  }
  // Values put into values may nest deeper than a payload may.
  if (auto parsed = json::parse(*payload); !parsed) {
    note(rule, cause, parsed.error().message);
    return nullptr;
  }
  auto event = std::make_shared<domain::Event>();
  event->tenant = cause.tenant;
  event->topic = rule.settings.publish_topic;
  event->accepted_at = cause.accepted_at;
  event->time = cause.time;
  event->user = rule.settings.publish_user.empty() ? cause.user : rule.settings.publish_user;
  event->scope = rule.settings.publish_scope.empty() ? cause.scope : rule.settings.publish_scope;
  event->traceparent = cause.traceparent;
  event->hops = cause.hops;
  event->payload = std::move(*payload);
  if (auto checked = check(*event); !checked) {
    note(rule, cause, checked.error().field + " " + checked.error().message);
    return nullptr;
  }
  return event;
}

std::vector<std::shared_ptr<domain::Event>> Automations::derive(const domain::Event& cause, domain::EventDocument& document,
                                                                std::string_view tenant, std::size_t bytes_max,
                                                                const Check& check) const {
  std::vector<std::shared_ptr<domain::Event>> derived;
  const auto rules = rules_of(cause.tenant);
  if (rules.empty()) return derived;
  // Level by level: what the events of one level set off is the next.
  const auto apply = [&](const domain::Event& event, domain::EventDocument& seen) {
    for (const auto& rule : rules) {
      if (!domain::is_set_off(rule->settings, event, seen)) continue;
      if (derived.size() >= domain::kDerivedEventsMax) return note(*rule, event, "the event set off too many others");
      if (auto made = make(*rule, event, seen, bytes_max, check)) derived.push_back(std::move(made));
    }
  };
  apply(cause, document);
  std::size_t at = 0;
  for (std::size_t level = 2; level <= domain::kAutomationChainMax && at < derived.size(); ++level) {
    for (const std::size_t end = derived.size(); at < end; ++at) {
      const EventPtr event = derived[at];
      domain::EventDocument seen(*event, tenant, document.steps().left());
      apply(*event, seen);
    }
  }
  return derived;
}

}  // namespace posthorn::outbound
