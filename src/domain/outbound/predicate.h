// Predicates: conditions on an event. One language for subscriptions, automations and receivers.
//
//   {"name":"images","all":[{"path":"$.data.type","op":"eq","value":"image"},{"not":{"path":"$.data.draft","op":"exists"}}]}
//
// Groups `all` and `any` (lists) and `not` (one) nest; a leaf compares what a path (RFC 9535) selects in the event. Leaves:
//   eq ne in nin                 typed: 1 equals 1.0 and never "1"; whole numbers of 64 bits are exact, against doubles too
//   gt gte lt lte                numbers by value, texts by code point; any other pair is false
//   exists                       value true (the default) or false
//   contains                     a text within a text, or a member of a list
//   startsWith endsWith matches  on texts; `matches` finds an RE2 expression anywhere in the text
// A comparison with a missing path is false, `ne` and `nin` too: `exists` tells. A path that selects several nodes holds when
// one of them does. What a predicate sees is the EventDocument.
//
// Everything is bounded here and in json/json_path.h. A path whose evaluation costs too much is a third outcome, which `not`
// keeps: what cannot be decided is not sent (Selection).
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::domain {

inline constexpr std::size_t kPredicatesMax = 100;          // of one list
inline constexpr std::size_t kPredicateDepthMax = 16;       // groups within groups
inline constexpr std::size_t kPredicateLeavesMax = 1000;    // of one list
inline constexpr std::size_t kPredicateValuesMax = 1000;    // of one `in` or `nin`
inline constexpr std::size_t kPredicateNameBytesMax = 256;  // "name"
inline constexpr std::size_t kPredicateValueBytesMax = 16 * 1024;
inline constexpr std::size_t kPredicatePatternBytesMax = 1024;
inline constexpr std::int64_t kPredicatePatternMemoryBytes = 128 * 1024;  // compiled

class EventDocument;
class Predicate;
using PredicatePtr = std::shared_ptr<const Predicate>;

enum class Verdict : std::uint8_t { no, yes, too_costly };

// Another name that the first member of a path may have (a format's envelope).
struct PathAlias {
  std::string_view name;
  std::string_view member;
};
// The names of the envelope of a format, by its word ("standard", "orangelogic"…); empty for those that have the event's own.
std::span<const PathAlias> path_aliases(std::string_view format);

class Predicate {
 public:
  // Errors (invalid_argument, naming the place below `field`, like "include/0/all/1/path"; the offset in a path stands in the
  // message): wrong types, unknown members and operators, paths and patterns that do not compile, limits.
  static Result<PredicatePtr> compile(const boost::json::value& source, const std::string& field,
                                      std::span<const PathAlias> aliases = {});
  ~Predicate();

  Verdict evaluate(EventDocument& event) const;

  // Exactly what it was compiled from.
  const boost::json::value& source() const;
  std::size_t leaves() const;

 private:
  struct Impl;
  explicit Predicate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::domain
