// JSON Schema (draft 7 and the parts of later drafts that valijson knows), compiled once and used many times.
// A remote $ref is never fetched: it is an error of the schema.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::json {

class Schema {
 public:
  // Errors (invalid_argument, naming `field`): not JSON, not a schema, remote references.
  static Result<std::shared_ptr<const Schema>> compile(std::string_view text, std::string field);
  ~Schema();

  // Errors: invalid_argument, code "schema_mismatch", naming the place in the value below `field`. Thread-safe.
  Status validate(std::string_view value, std::string field) const;

 private:
  struct Impl;
  explicit Schema(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::json
