// Automation: a rule that publishes another event. "On a topic of these, when one of the predicates matches, publish that topic
// with data made from this template."
//
//   {"topics":["document.*"],"when":[P],"publish":{"topic":"image.created","data":{"id":"{{ $.data.id
//   }}"},"scope":"…","user":"…"}}
//
// What it publishes is an event like any other: it may set off further rules. Chains are at most kAutomationChainMax long, and
// rules that could set off each other in a circle are refused when they are saved (check_chains).
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "domain/outbound/event.h"
#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate.h"
#include "json/template.h"

namespace posthorn::domain {

inline constexpr std::size_t kAutomationsMax = 200;    // of a tenant
inline constexpr std::size_t kAutomationChainMax = 5;  // rules one after the other
inline constexpr std::size_t kDerivedEventsMax = 50;   // that one published event may set off in all

struct AutomationSettings {
  std::string description;
  bool enabled = true;
  std::vector<std::string> topics;  // patterns
  std::vector<PredicatePtr> when;   // empty: always; otherwise one must match
  std::string publish_topic;
  json::TemplatePtr publish_data;
  std::string publish_scope;  // empty: the cause's
  std::string publish_user;   // empty: the cause's
};

struct Automation {
  AutomationKey key;
  TenantKey tenant;
  std::string name;  // the caller's own, unique in the tenant
  AutomationSettings settings;
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;
};
using AutomationPtr = std::shared_ptr<const Automation>;

// Reads a caller's object over `base` (as read_settings() does for subscriptions); the member "name" is left to the caller.
// Errors name the member: "when/0/path", "publish/data/id".
Result<AutomationSettings> read_automation(const boost::json::object& object, AutomationSettings base);
// topics and publish are there.
Status check_automation(const AutomationSettings& settings);
boost::json::object write_automation(const AutomationSettings& settings);

// For the store.
std::string encode_automation(const AutomationSettings& settings);
Result<AutomationSettings> decode_automation(std::string_view text);

// Whether the rule is set off: enabled, topic, `when`. What cannot be decided does not.
bool is_set_off(const AutomationSettings& settings, const Event& event, EventDocument& document);

// Whether the changed rule fits to the tenant's others (those of its name are ignored): no circle, no chain longer than
// kAutomationChainMax. Switched-off rules count, so that switching on never fails. Errors: conflict, field "publish/topic",
// "automation_circle" or "automation_chain_too_long", with the names of the rules in turn.
Status check_chains(const Automation& changed, std::span<const AutomationPtr> others);

}  // namespace posthorn::domain
