// What a predicate is compiled to. predicate_compiler.cc makes it, predicate.cc runs it; nobody else includes this.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "domain/outbound/predicate.h"
#include "json/json_path.h"
#include "json/pattern.h"

namespace posthorn::domain {

enum class PredicateOperator : std::uint8_t {
  eq,
  ne,
  gt,
  gte,
  lt,
  lte,
  in,
  nin,
  exists,
  contains,
  starts_with,
  ends_with,
  matches,
};

struct PredicateNode {
  enum class Kind : std::uint8_t { all, any, negation, leaf };
  Kind kind = Kind::leaf;
  std::vector<PredicateNode> parts;

  json::JsonPathPtr path;
  PredicateOperator op = PredicateOperator::exists;
  boost::json::value value;
  std::unordered_set<std::string> keys;      // of in, nin: the scalars among the values
  std::vector<boost::json::value> compound;  // of in, nin: the others
  std::unique_ptr<const json::Pattern> pattern;
};

// Errors: as Predicate::compile().
Result<PredicateNode> compile_predicate(const boost::json::value& source, const std::string& field,
                                        std::span<const json::PathAlias> aliases, std::size_t& leaves);

}  // namespace posthorn::domain
