// What a schema is compiled to: nodes that refer to each other by index, so that references in a circle are plain data.
// schema_compiler.cc makes it, schema_checker.cc runs it; nobody else includes this.
#pragma once

#include <re2/re2.h>

#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace posthorn::json {

using NodeIndex = std::uint32_t;

enum class SchemaFormat : std::uint8_t { none, date_time, date, time, uuid, email, uri, ipv4, ipv6 };

// The types of `type` as bits.
enum SchemaType : std::uint8_t {
  kTypeNull = 1,
  kTypeBoolean = 2,
  kTypeInteger = 4,
  kTypeNumber = 8,
  kTypeString = 16,
  kTypeArray = 32,
  kTypeObject = 64,
};

// The keywords of one schema object. What is not set does not restrict.
struct SchemaNode {
  bool never = false;  // the schema `false`
  std::uint8_t types = 0;
  std::string type_words;
  const boost::json::array* one_value_of = nullptr;  // enum; points into the program's document
  const boost::json::value* constant = nullptr;
  SchemaFormat format = SchemaFormat::none;

  std::optional<long double> multiple_of, minimum, maximum, exclusive_minimum, exclusive_maximum;
  std::optional<std::uint64_t> min_length, max_length;
  const re2::RE2* pattern = nullptr;

  std::vector<NodeIndex> prefix_items;
  std::optional<NodeIndex> rest_items, contains;
  std::optional<std::uint64_t> min_items, max_items, min_contains, max_contains;
  bool unique_items = false;

  std::vector<std::string> required;
  std::map<std::string, NodeIndex, std::less<>> properties;
  std::vector<std::pair<const re2::RE2*, NodeIndex>> pattern_properties;
  std::optional<NodeIndex> additional_properties, property_names;
  std::optional<std::uint64_t> min_properties, max_properties;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;

  // Applied to the same value: these must not lead back to the node.
  std::optional<NodeIndex> reference, negated, condition, consequence, alternative;
  std::vector<NodeIndex> all_of, any_of, one_of;
  std::vector<std::pair<std::string, NodeIndex>> dependent_schemas;
};

struct SchemaProgram {
  boost::json::value document;
  std::vector<SchemaNode> nodes;  // the first is the whole schema
  std::map<std::string, std::unique_ptr<re2::RE2>> patterns;
};

// Fills `program`, whose document is the parsed schema. Errors: invalid_schema, below `field`.
Status compile_schema(SchemaProgram& program, const std::string& field);

// Errors: schema_mismatch, below `field`.
Status check_against_schema(const SchemaProgram& program, const boost::json::value& value, const std::string& field);

// Whether the value matches one part of the schema; false too when it takes more than `steps_left`, which becomes less.
bool matches_schema(const SchemaProgram& program, NodeIndex part, const boost::json::value& value, std::size_t& steps_left);

}  // namespace posthorn::json
