// Template: a JSON value whose texts may hold placeholders, filled from a document.
//
//   {"document":"{{ $.data.id }}","title":"{{ $.data.name }} was made by {{ $.userId }}"}
//
// A placeholder is a JSONPath (RFC 9535) that selects one value at most, between {{ and }}. A text that is nothing but one
// placeholder becomes the value itself, of whatever type, null when the path selects nothing. Within a longer text, texts stand
// as they are, other values as JSON, and a missing one or null as nothing. `\{{` is two braces. Names of members are not
// filled.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"

namespace posthorn::json {

inline constexpr std::size_t kTemplateBytesMax = 64 * 1024;  // about, of its JSON text
inline constexpr std::size_t kTemplatePlaceholdersMax = 200;

class Template;
using TemplatePtr = std::shared_ptr<const Template>;

class Template {
 public:
  // Errors (invalid_argument, naming the place below `field`): invalid_template, invalid_path, too_long.
  static Result<TemplatePtr> compile(const boost::json::value& source, const std::string& field);
  ~Template();

  // JSON text. Errors: too_long (more than `bytes_max`).
  Result<std::string> fill(const boost::json::value& document, std::size_t bytes_max) const;

  // Exactly what it was compiled from.
  const boost::json::value& source() const;

 private:
  struct Impl;
  explicit Template(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::json
