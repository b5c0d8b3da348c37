// Automations: the rules of all tenants in memory, what they make of an event, and the changes to them, which go to the store
// first.
//
// Place: part of the Catalogue; api/* reads and changes it, Publisher asks it what else to write with an event.
// Concurrency: as for the Catalogue.
// Limits: kAutomationsMax, kAutomationChainMax, kDerivedEventsMax. What goes beyond is left out and said in the log; so is what
//   cannot be made (a topic that is gone, data that does not fit its schema). The causing event is accepted all the same.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/outbound/automation.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::outbound {

class Automations {
 public:
  Automations(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

  void fill(std::vector<domain::Automation> automations);  // once, at start
  domain::AutomationPtr find(TenantKey tenant, std::string_view name) const;
  // In order of name, from after `after`.
  std::vector<domain::AutomationPtr> list(TenantKey tenant, std::string_view after, std::size_t limit) const;

  // `author`: as for the Catalogue. Key 0 and expected_revision 0: a new one. Errors: those of check_automation() and
  // check_chains(), conflict, precondition_failed, unavailable; too_many (conflict) beyond kAutomationsMax.
  net::Task<Result<domain::AutomationPtr>> save(store::Session& session, domain::Automation automation,
                                                std::int64_t expected_revision, store::Author author);
  net::Task<Status> remove(store::Session& session, domain::AutomationPtr automation, std::int64_t expected_revision,
                           store::Author author);
  void forget_tenant(TenantKey tenant);

  // The events that rules make of `cause`, and of what they made, in the order in which they come about, without
  // ids. `document` is the
  // cause's. `check`: whether an event could be published (topic, schema, scope, size).
  using Check = std::function<Status(const domain::Event&)>;
  std::vector<std::shared_ptr<domain::Event>> derive(const domain::Event& cause, domain::EventDocument& document,
                                                     std::string_view tenant, std::size_t bytes_max, const Check& check) const;

 private:
  std::vector<domain::AutomationPtr> rules_of(TenantKey tenant) const;
  // Null when it cannot be made.
  std::shared_ptr<domain::Event> make(const domain::Automation& rule, const domain::Event& cause,
                                      domain::EventDocument& document, std::size_t bytes_max, const Check& check) const;

  const Clock& clock_;
  IdSource& ids_;
  mutable std::shared_mutex mutex_;
  using ByName = std::map<std::string, domain::AutomationPtr, std::less<>>;
  std::unordered_map<TenantKey, ByName> tenants_;  // none without a rule
};

}  // namespace posthorn::outbound
