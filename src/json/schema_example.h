// Makes a value that a schema accepts: small, readable, the same each time. Pure. Only schema.cc and its tests include this.
//
// What every keyword says about the value's own shape is followed: types, const, enum, bounds, formats, simple patterns,
// members and elements (optional ones too, unless the schema leads back to itself), allOf, one choice of anyOf, oneOf and if.
// What is left (not, dependencies, patterns of names…) is a matter of trying: each candidate is checked, the first that passes
// is taken. Bounded by kExampleTriesMax, kSchemaStepsMax over all checks, kExampleDepthMax and kExampleBytesMax.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "json/schema_program.h"

namespace posthorn::json {

inline constexpr std::size_t kExampleTriesMax = 20'000;  // values begun, choices and candidates
inline constexpr std::size_t kExampleDepthMax = 24;
inline constexpr std::size_t kExampleOptionalDepthMax = 4;  // deeper, optional members are left out
inline constexpr std::size_t kExampleBytesMax = 64 * 1024;  // of one text; and elements of one array

// Nothing when none was found within the bounds: the schema may still have values.
std::optional<boost::json::value> make_example(const SchemaProgram& program);

// A text that the pattern probably matches: the first choice and the least number of everything. Nothing for what is not known
// here (look-around does not exist in RE2; classes of Unicode properties are not tried).
std::optional<std::string> make_pattern_example(std::string_view pattern);

}  // namespace posthorn::json
