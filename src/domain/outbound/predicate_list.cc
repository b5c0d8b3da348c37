#include "domain/outbound/predicate_list.h"

#include <algorithm>
#include <iterator>

#include "domain/outbound/topic.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

// The envelope of the format "orangelogic".
constexpr json::PathAlias kOrangeLogicNames[] = {
    {"EventId", "id"}, {"Topic", "topic"},   {"EventDateUtc", "time"},
    {"Data", "data"},  {"Tenant", "tenant"}, {"UserId", "userId"},
};

// The first that matches.
struct Found {
  std::optional<std::size_t> index;
  bool too_costly = false;
};
Found first_match(const std::vector<PredicatePtr>& list, EventDocument& event) {
  Found found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Verdict verdict = list[i]->evaluate(event);
    if (verdict == Verdict::too_costly) found.too_costly = true;
    if (verdict != Verdict::yes) continue;
    found.index = i;
    return found;
  }
  return found;
}

bool is_in_scope(const SubscriptionSettings& settings, const Event& event) {
  return settings.scope.empty() || settings.scope == event.scope;
}

bool has_topic(const SubscriptionSettings& settings, const Event& event) {
  return std::any_of(settings.topics.begin(), settings.topics.end(),
                     [&](const std::string& pattern) { return topic_matches(pattern, event.topic); });
}

Refusal refusal_of(const Selection& selection) {
  if (selection.applies) return Refusal::none;
  if (selection.exclude) return Refusal::exclude;
  return selection.too_costly ? Refusal::too_costly : Refusal::include;
}

}  // namespace

std::span<const json::PathAlias> path_aliases(std::string_view format) {
  if (format == "orangelogic") return kOrangeLogicNames;
  return {};
}

Result<std::vector<PredicatePtr>> compile_predicates(const bj::array& list, const std::string& field,
                                                     std::span<const json::PathAlias> aliases) {
  if (list.size() > kPredicatesMax) {
    return invalid(field, "must have at most " + std::to_string(kPredicatesMax) + " items", "too_long");
  }
  std::vector<PredicatePtr> compiled;
  std::size_t leaves = kPredicateLeavesMax;
  for (const auto& source : list) {
    auto one = Predicate::compile(source, field + "/" + std::to_string(compiled.size()), aliases, leaves);
    if (!one) return std::move(one).error();
    compiled.push_back(std::move(*one));
  }
  return compiled;
}

bj::array sources_of(const std::vector<PredicatePtr>& list) {
  bj::array sources;
  sources.reserve(list.size());
  for (const auto& one : list) sources.push_back(one->source());
  return sources;
}

std::optional<NeededKeys> needed_keys(const std::vector<PredicatePtr>& include,
                                      const std::function<std::size_t(const NeededKey&)>& cost) {
  if (include.empty()) return std::nullopt;
  NeededKeys all;
  for (const auto& one : include) {
    auto keys = one->needed_keys(cost);
    if (!keys || all.size() + keys->size() > kPredicateKeysMax) return std::nullopt;
    std::move(keys->begin(), keys->end(), std::back_inserter(all));
  }
  return all;
}

bool has_predicates(const SubscriptionSettings& settings) { return !settings.include.empty() || !settings.exclude.empty(); }

bool admits(const SubscriptionSettings& settings, const Event& event) {
  return settings.enabled && is_in_scope(settings, event);
}

bool selects(const SubscriptionSettings& settings, EventDocument& event) {
  if (!settings.include.empty() && !first_match(settings.include, event).index) return false;
  const auto excluded = first_match(settings.exclude, event);
  return !excluded.index && !excluded.too_costly;
}

Selection select(const SubscriptionSettings& settings, EventDocument& event) {
  const auto include = first_match(settings.include, event);
  const auto exclude = first_match(settings.exclude, event);
  Selection selection;
  selection.include = include.index;
  selection.exclude = exclude.index;
  const bool included = settings.include.empty() || include.index;
  selection.applies = included && !exclude.index && !exclude.too_costly;
  selection.too_costly = (!included && include.too_costly) || (!exclude.index && exclude.too_costly);
  return selection;
}

std::string_view to_text(Refusal refusal) {
  switch (refusal) {
    case Refusal::none:
      return "";
    case Refusal::disabled:
      return "disabled";
    case Refusal::topic:
      return "topic";
    case Refusal::scope:
      return "scope";
    case Refusal::include:
      return "include";
    case Refusal::exclude:
      return "exclude";
    case Refusal::too_costly:
      return "too_costly";
  }
  return "";
}

Refusal refusal_before_predicates(const SubscriptionSettings& settings, const Event& event) {
  if (!settings.enabled) return Refusal::disabled;
  if (!has_topic(settings, event)) return Refusal::topic;
  return is_in_scope(settings, event) ? Refusal::none : Refusal::scope;
}

Explanation explain(const SubscriptionSettings& settings, const Event& event, EventDocument& document) {
  Explanation explanation;
  explanation.selection = select(settings, document);
  explanation.refusal = refusal_before_predicates(settings, event);
  if (explanation.refusal == Refusal::none) explanation.refusal = refusal_of(explanation.selection);
  return explanation;
}

}  // namespace posthorn::domain
