// application/x-www-form-urlencoded (URL Standard, 5): like a query, but '+' is a space.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace posthorn::api {

class Form {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  Form() = default;
  explicit Form(Pairs pairs) : pairs_(std::move(pairs)) {}

  // Null when the field is absent.
  const std::string* find(std::string_view name) const {
    for (const auto& [key, value] : pairs_) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  const Pairs& pairs() const { return pairs_; }

 private:
  Pairs pairs_;
};

// Errors: malformed (encoding, more than kQueryParametersMax fields); invalid_argument, naming a field that is there twice.
Result<Form> parse_form(std::string_view body);

// One value, decoded. Errors: malformed.
Result<std::string> decode_form_value(std::string_view text);

}  // namespace posthorn::api
