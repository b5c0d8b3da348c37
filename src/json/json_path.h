// JSONPath (RFC 9535), complete: compiled once, used many times, from any thread.
//
// Both the query and the document are written by strangers, so everything is bounded: the query's bytes and nesting when it is
// compiled, the steps and the selected nodes when it runs. A query that reaches a bound ends with the error too_costly.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/compare.h"

namespace posthorn::json {

inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kPathNestingMax = 16;       // filters, parentheses and calls within each other
inline constexpr std::size_t kPathStepsMax = 1'000'000;  // of one run, when the caller has no bound of its own
inline constexpr std::size_t kPathNodesMax = 100'000;    // selected by one run, or by a query inside it

// Another name that the first member of a path from the root may have: `name` is read as `member`.
struct PathAlias {
  std::string_view name;
  std::string_view member;
};

class JsonPath;
using JsonPathPtr = std::shared_ptr<const JsonPath>;
using PathNodes = std::vector<const boost::json::value*>;

class JsonPath {
 public:
  // Errors (invalid_argument, naming `field`): invalid_path, whose message says at which offset of the text; too_long.
  static Result<JsonPathPtr> compile(std::string_view text, std::string field, std::span<const PathAlias> aliases = {});
  ~JsonPath();

  // What it selects, in the standard's order; duplicates stay. Errors: invalid_argument, code "too_costly".
  Result<PathNodes> select(const boost::json::value& root, Steps& steps) const;

  // Only names and indexes, so at most one node.
  bool singular() const;
  // Of a singular path: its node or null. Costs its segments.
  const boost::json::value* find(const boost::json::value& root) const;
  // Of a singular path: the same text for all that are written differently but mean the same ("$['a'][0]").
  const std::string& canonical() const;

 private:
  struct Impl;
  explicit JsonPath(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::json
