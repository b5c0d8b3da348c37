// Comparing JSON values by what they mean: 1 equals 1.0 and never "1"; whole numbers of 64 bits, signed and unsigned, are exact
// against each other and against doubles; objects are equal whatever the order of their members.
#pragma once

#include <boost/json/fwd.hpp>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>

namespace posthorn::json {

// What an evaluation may still cost. A step is one value looked at: some tens of nanoseconds.
class Steps {
 public:
  explicit Steps(std::size_t count) : left_(count) {}
  // False, then and ever after, when it costs more than is left.
  bool spend(std::size_t count) {
    exhausted_ = exhausted_ || count > left_;
    left_ = exhausted_ ? 0 : left_ - count;
    return !exhausted_;
  }
  bool exhausted() const { return exhausted_; }
  std::size_t left() const { return left_; }

 private:
  std::size_t left_;
  bool exhausted_ = false;
};

// False when the steps end; the caller asks steps.exhausted(). Precondition: as deep as parse() allows.
bool equal(const boost::json::value& left, const boost::json::value& right, Steps& steps);

// Numbers by value, texts by code point; unordered for any other pair.
std::partial_ordering order_of(const boost::json::value& left, const boost::json::value& right, Steps& steps);

// A text that is the same for two scalars exactly when they are equal; nothing for arrays and objects.
std::optional<std::string> scalar_key(const boost::json::value& value);

}  // namespace posthorn::json
