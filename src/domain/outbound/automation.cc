#include "domain/outbound/automation.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "domain/access/name.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/topic.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

void read_patterns(ObjectReader& reader, AutomationSettings& settings) {
  const bj::array* array = reader.array("topics", kTopicPatternsMax);
  if (array == nullptr) return;
  settings.topics.clear();
  for (const auto& one : *array) {
    std::string field = reader.field("topics") + "/" + std::to_string(settings.topics.size());
    if (!one.is_string()) return reader.fail(invalid(std::move(field), "must be a string", "wrong_type"));
    settings.topics.emplace_back(std::string_view(one.get_string()));
    if (auto checked = check_topic_pattern(settings.topics.back(), std::move(field)); !checked) {
      return reader.fail(std::move(checked).error());
    }
  }
}

// A list, or one predicate alone.
void read_when(ObjectReader& reader, AutomationSettings& settings) {
  const bj::value* given = reader.member("when");
  if (given == nullptr) return;
  std::size_t leaves = kPredicateLeavesMax;
  if (given->is_object()) {
    auto one = Predicate::compile(*given, reader.field("when"), {}, leaves);
    if (!one) return reader.fail(std::move(one).error());
    settings.when = {std::move(*one)};
    return;
  }
  const bj::array* list = given->if_array();
  if (list == nullptr) return reader.fail(invalid(reader.field("when"), "must be a predicate or an array", "wrong_type"));
  auto compiled = compile_predicates(*list, reader.field("when"), {});
  if (!compiled) return reader.fail(std::move(compiled).error());
  settings.when = std::move(*compiled);
}

void read_publish(ObjectReader& outer, AutomationSettings& settings) {
  const bj::object* object = outer.object("publish");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("publish"));
  settings.publish_topic.clear();
  settings.publish_scope.clear();
  settings.publish_user.clear();
  reader.required("topic").required("data");
  reader.string("topic", settings.publish_topic, kTopicBytesMax);
  std::optional<std::string> scope;
  std::optional<std::string> user;
  reader.optional_string("scope", scope, kNameBytesMax);
  reader.optional_string("user", user, kUserBytesMax);
  settings.publish_scope = scope.value_or("");
  settings.publish_user = user.value_or("");
  const bj::value* data = reader.member("data");
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  if (auto checked = check_topic(settings.publish_topic, reader.field("topic")); !checked) {
    return outer.fail(std::move(checked).error());
  }
  auto compiled = json::Template::compile(*data, reader.field("data"));
  if (!compiled) return outer.fail(std::move(compiled).error());
  settings.publish_data = std::move(*compiled);
}

// What rules set off each other.
class Chains {
 public:
  explicit Chains(std::vector<const Automation*> rules) : rules_(std::move(rules)) {}

  // The way through which `changed` would set off itself; empty when there is none.
  std::vector<const Automation*> circle_through(const Automation& changed) {
    std::vector<const Automation*> way{&changed};
    std::vector<const Automation*> seen;
    return find_back(changed, changed, way, seen) ? way : std::vector<const Automation*>{};
  }

  // How many rules the longest chain has that begins (ends) with `rule`; counted up to kAutomationChainMax + 1.
  std::size_t longest_from(const Automation& rule) const { return longest(rule, sets_off); }
  std::size_t longest_to(const Automation& rule) const {
    return longest(rule, [](const Automation& one, const Automation& next) { return sets_off(next, one); });
  }

 private:
  static bool sets_off(const Automation& rule, const Automation& next) {
    return std::any_of(next.settings.topics.begin(), next.settings.topics.end(),
                       [&](const std::string& pattern) { return topic_matches(pattern, rule.settings.publish_topic); });
  }

  // Step by step: all rules that some chain of so many steps reaches.
  template <class Follows>
  std::size_t longest(const Automation& rule, Follows follows) const {
    std::vector<const Automation*> level{&rule};
    for (std::size_t steps = 1;; ++steps) {
      std::vector<const Automation*> next;
      for (const auto* one : rules_) {
        if (std::any_of(level.begin(), level.end(), [&](const auto* from) { return follows(*from, *one); }))
          next.push_back(one);
      }
      if (next.empty() || steps > kAutomationChainMax) return steps;
      level = std::move(next);
    }
  }

  bool find_back(const Automation& from, const Automation& start, std::vector<const Automation*>& way,
                 std::vector<const Automation*>& seen) {
    if (sets_off(from, start)) return true;
    for (const auto* next : rules_) {
      if (!sets_off(from, *next) || std::find(seen.begin(), seen.end(), next) != seen.end()) continue;
      seen.push_back(next);
      way.push_back(next);
      if (find_back(*next, start, way, seen)) return true;
      way.pop_back();
    }
    return false;
  }

  std::vector<const Automation*> rules_;
};

}  // namespace

Result<AutomationSettings> read_automation(const bj::object& object, AutomationSettings base) {
  AutomationSettings settings = std::move(base);
  ObjectReader reader(object, "");
  std::optional<std::string> description = settings.description;
  reader.optional_string("description", description, kDescriptionBytesMax);
  settings.description = description.value_or("");
  reader.boolean("enabled", settings.enabled);
  read_patterns(reader, settings);
  read_when(reader, settings);
  read_publish(reader, settings);
  reader.member("name");
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return settings;
}

Status check_automation(const AutomationSettings& settings) {
  if (settings.topics.empty()) return invalid("topics", "must name at least one topic or pattern", "required");
  if (!settings.publish_data) return invalid("publish", "is required", "required");
  return {};
}

bj::object write_automation(const AutomationSettings& settings) {
  bj::object publish;
  publish["topic"] = settings.publish_topic;
  publish["data"] = settings.publish_data ? settings.publish_data->source() : bj::value();
  publish["scope"] = settings.publish_scope.empty() ? bj::value() : bj::value(settings.publish_scope);
  publish["user"] = settings.publish_user.empty() ? bj::value() : bj::value(settings.publish_user);
  bj::object object;
  object["description"] = settings.description;
  object["enabled"] = settings.enabled;
  object["topics"] = bj::array(settings.topics.begin(), settings.topics.end());
  object["when"] = sources_of(settings.when);
  object["publish"] = std::move(publish);
  return object;
}

std::string encode_automation(const AutomationSettings& settings) { return bj::serialize(write_automation(settings)); }

Result<AutomationSettings> decode_automation(std::string_view text) {
  auto value = json::parse(text);
  if (!value) return std::move(value).error();
  if (!value->is_object()) return internal_error("a stored automation is not a JSON object");
  return read_automation(value->get_object(), AutomationSettings{});
}

bool is_set_off(const AutomationSettings& settings, const Event& event, EventDocument& document) {
  if (!settings.enabled) return false;
  if (std::none_of(settings.topics.begin(), settings.topics.end(),
                   [&](const std::string& pattern) { return topic_matches(pattern, event.topic); })) {
    return false;
  }
  return settings.when.empty() || std::any_of(settings.when.begin(), settings.when.end(),
                                              [&](const PredicatePtr& one) { return one->evaluate(document) == Verdict::yes; });
}

Status check_chains(const Automation& changed, std::span<const AutomationPtr> others) {
  std::vector<const Automation*> rules;
  for (const auto& other : others) {
    if (other->name != changed.name) rules.push_back(other.get());
  }
  Chains chains(std::move(rules));
  if (const auto circle = chains.circle_through(changed); !circle.empty()) {
    std::string names;
    for (const auto* rule : circle) names += rule->name + " → ";
    return conflict("publish/topic", "rules would set off each other in a circle: " + names + changed.name,
                    "automation_circle");
  }
  if (chains.longest_to(changed) + chains.longest_from(changed) - 1 > kAutomationChainMax) {
    return conflict(
        "publish/topic",
        "there would be a chain of more than " + std::to_string(kAutomationChainMax) + " rules that set off one another",
        "automation_chain_too_long");
  }
  return {};
}

}  // namespace posthorn::domain
