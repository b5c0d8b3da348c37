// JSON Schema, compiled once and used many times: draft 7, and what later drafts renamed (prefixItems, dependentRequired,
// dependentSchemas, minContains, maxContains, $defs).
//
// Both sides are written by strangers, so everything is bounded: the schema's size, its patterns (RE2: linear time), the steps
// of one validation, the depth of its recursion. A $ref points into the same text ("#/…"); nothing is ever fetched, and what
// would be is an error of the schema. So are keywords of later drafts that change the outcome and are not known here; other
// unknown keywords are remarks and are ignored, as the standard says. Where drafts differ: keywords beside a $ref apply
// (2019-09). Formats that are checked: date-time, date, time, uuid, email, uri, ipv4, ipv6; others are remarks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::json {

inline constexpr std::size_t kSchemaTextBytesMax = 64 * 1024;
inline constexpr std::size_t kSchemaPatternsMax = 100;
inline constexpr std::size_t kSchemaPatternBytesMax = 1024;
inline constexpr std::int64_t kSchemaPatternMemoryBytes = 256 * 1024;
inline constexpr std::size_t kSchemaStepsMax = 5'000'000;  // a step is one keyword set on one value: some tens of nanoseconds
inline constexpr std::size_t kSchemaRecursionMax = 512;

class Schema {
 public:
  // Errors (invalid_argument, code "invalid_schema", naming the place in the schema below `field`): not JSON, too long, not a
  // schema, remote references, references in a circle, patterns that RE2 does not know (look-around, back references).
  static Result<std::shared_ptr<const Schema>> compile(std::string_view text, std::string field);
  ~Schema();

  // Errors: invalid_argument, code "schema_mismatch", naming the place in the value below `field`; those of parse().
  // Thread-safe. Microseconds on ordinary pairs; a hostile pair of schema and value takes some tenths of a second, not more.
  Status validate(std::string_view value, std::string field) const;

  // A value that validates, as JSON text: small, readable, the same each time. Errors: invalid_argument, code "no_example":
  // none was found within the bounds of schema_example.h.
  Result<std::string> example() const;

 private:
  struct Impl;
  explicit Schema(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::json
