// The lists `include` and `exclude` of a subscription: compiling them, and the rule that joins them.
//
// The event is for the subscription when there is no include predicate or one matches, and no exclude predicate matches. A
// predicate that would cost too much decides against sending: as an include it does not match, as an exclude it does.
#pragma once

#include <boost/json/array.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/outbound/event_document.h"
#include "domain/outbound/predicate.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

inline constexpr std::size_t kPredicatesMax = 100;  // of one list

// The other names that the first member of a path may have in subscriptions of a format, by its word: those of the envelope
// that the format sends. Empty for formats that keep the event's own names.
std::span<const json::PathAlias> path_aliases(std::string_view format);

// A list under `field`. Errors: those of Predicate::compile(), too_long.
Result<std::vector<PredicatePtr>> compile_predicates(const boost::json::array& list, const std::string& field,
                                                     std::span<const json::PathAlias> aliases);

// What each was compiled from.
boost::json::array sources_of(const std::vector<PredicatePtr>& list);

// Predicate::needed_keys() for a whole list of `include`: at least one of the keys is there whenever one of it matches.
std::optional<NeededKeys> needed_keys(const std::vector<PredicatePtr>& include,
                                      const std::function<std::size_t(const NeededKey&)>& cost);

struct Selection {
  bool applies = false;
  std::optional<std::size_t> include;  // the first that matches
  std::optional<std::size_t> exclude;
  bool too_costly = false;  // one of them could not be decided
};

bool has_predicates(const SubscriptionSettings& settings);

// Whether an event of a topic that the subscription wants is for it, predicates aside: it is enabled, and the scope fits.
bool admits(const SubscriptionSettings& settings, const Event& event);
// The predicates; ends at the first that decides.
bool selects(const SubscriptionSettings& settings, EventDocument& event);
// Looks at both lists.
Selection select(const SubscriptionSettings& settings, EventDocument& event);

// Why an event is not for a subscription.
enum class Refusal : std::uint8_t { none, disabled, topic, scope, include, exclude, too_costly };
std::string_view to_text(Refusal refusal);  // "" for none

// disabled, topic, scope, or none: what stands against the event before any predicate is asked.
Refusal refusal_before_predicates(const SubscriptionSettings& settings, const Event& event);

struct Explanation {
  Selection selection;
  Refusal refusal = Refusal::none;  // the first reason, in the order of the enum
};
// Asks the predicates whatever stands against the event before.
Explanation explain(const SubscriptionSettings& settings, const Event& event, EventDocument& document);

}  // namespace posthorn::domain
