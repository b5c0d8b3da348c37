// What a JSONPath is compiled to. json_path_parser.cc makes it, json_path.cc runs it; nobody else includes this.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/pattern.h"

namespace posthorn::json {

struct PathFilter;
using PathFilterPtr = std::unique_ptr<PathFilter>;

struct PathSelector {
  enum class Kind : std::uint8_t { name, wildcard, index, slice, filter };
  Kind kind = Kind::wildcard;
  std::string name;
  std::int64_t index = 0;
  std::optional<std::int64_t> start, end;
  std::int64_t step = 1;
  PathFilterPtr filter;
};

struct PathSegment {
  bool descendant = false;
  std::vector<PathSelector> selectors;
};

struct PathQuery {
  bool relative = false;  // from @, not from $
  std::vector<PathSegment> segments;

  bool singular() const;
};

enum class PathFunction : std::uint8_t { length, count, value, match, search };

// A value that a filter compares or hands to a function.
struct PathOperand {
  enum class Kind : std::uint8_t { literal, query, call };
  Kind kind = Kind::literal;
  boost::json::value literal;
  PathQuery query;
  PathFunction function = PathFunction::length;
  std::vector<PathOperand> arguments;
  std::unique_ptr<const Pattern> pattern;  // of match and search, when the expression is a literal that is one
};

enum class PathComparison : std::uint8_t { eq, ne, lt, lte, gt, gte };

struct PathFilter {
  enum class Kind : std::uint8_t { any, all, negation, exists, comparison, call };
  Kind kind = Kind::any;
  std::vector<PathFilterPtr> parts;  // of any, all, negation
  PathComparison comparison = PathComparison::eq;
  PathOperand left, right;  // exists and call: left alone
};

// Errors: invalid_path, naming `field`. Preconditions: UTF-8, at most kPathBytesMax bytes.
Result<PathQuery> parse_path(std::string_view text, const std::string& field);

}  // namespace posthorn::json
