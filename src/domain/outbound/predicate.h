// Predicates: conditions on an event. One language for subscriptions, automations and receivers.
//
//   {"name":"images","all":[{"path":"$.data.type","op":"eq","value":"image"},{"not":{"path":"$.data.draft","op":"exists"}}]}
//
// Groups `all` and `any` (lists) and `not` (one) nest; a leaf compares what a path (RFC 9535) selects in the EventDocument:
//   eq ne in nin                 typed: 1 equals 1.0 and never "1"; whole numbers of 64 bits are exact, against doubles too
//   gt gte lt lte                numbers by value, texts by code point; any other pair is false
//   exists                       value true (the default) or false
//   contains                     a text within a text, or a member of a list
//   startsWith endsWith matches  on texts; `matches` finds an RE2 expression anywhere in the text (anchor it to match all)
// A comparison with a missing path is false, `ne` and `nin` too: `exists` tells. A path that selects several nodes holds when
// one of them does.
//
// Everything is bounded here, in json/json_path.h and in event_document.h. A leaf that would cost too much is a third outcome,
// which `not` keeps; Selection (predicate_list.h) does not send what cannot be decided.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json_path.h"

namespace posthorn::domain {

inline constexpr std::size_t kPredicateDepthMax = 16;       // groups within groups
inline constexpr std::size_t kPredicateLeavesMax = 1000;    // of one list of predicates
inline constexpr std::size_t kPredicateValuesMax = 1000;    // of one `in` or `nin`
inline constexpr std::size_t kPredicateNameBytesMax = 256;  // "name"
inline constexpr std::size_t kPredicateValueBytesMax = 16 * 1024;
inline constexpr std::size_t kPredicateStepsMax = 200'000;  // of one leaf on one event
inline constexpr std::size_t kPredicateKeysMax = 256;       // beyond, a predicate is not indexed

class EventDocument;
class Predicate;
using PredicatePtr = std::shared_ptr<const Predicate>;

enum class Verdict : std::uint8_t { no, yes, too_costly };

// What a predicate needs to hold, for an index: the path selects a scalar with this json::scalar_key().
struct NeededKey {
  json::JsonPathPtr path;  // singular
  std::string value;
};
using NeededKeys = std::vector<NeededKey>;

class Predicate {
 public:
  // `leaves`: how many the list may still have; what this one has is taken off. Errors (invalid_argument, naming the place
  // below `field`, like "include/0/all/1/path"; the offset in a path stands in the message): wrong types, unknown members and
  // operators, paths and patterns that do not compile, limits.
  static Result<PredicatePtr> compile(const boost::json::value& source, const std::string& field,
                                      std::span<const json::PathAlias> aliases, std::size_t& leaves);
  ~Predicate();

  Verdict evaluate(EventDocument& event) const;

  // Keys of which at least one is there whenever the predicate holds; nothing when no such can be named. Where several sets
  // would do, the one that `cost` says is cheapest (the sum over its keys).
  std::optional<NeededKeys> needed_keys(const std::function<std::size_t(const NeededKey&)>& cost) const;

  // Exactly what it was compiled from.
  const boost::json::value& source() const;

 private:
  struct Impl;
  explicit Predicate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::domain
