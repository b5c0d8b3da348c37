#include "json/compare.h"

#include <array>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace posthorn::json {
namespace {

namespace bj = boost::json;

constexpr std::size_t kBytesPerStep = 256;

// It holds every int64, uint64 and double exactly.
static_assert(std::numeric_limits<long double>::digits >= 64);

long double exact(const bj::value& number) {
  if (const auto* whole = number.if_int64()) return static_cast<long double>(*whole);
  if (const auto* whole = number.if_uint64()) return static_cast<long double>(*whole);
  return static_cast<long double>(number.get_double());
}

std::string_view text_of(const bj::value& value) { return {value.get_string().data(), value.get_string().size()}; }

bool equal_arrays(const bj::array& left, const bj::array& right, Steps& steps) {
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!equal(left[i], right[i], steps)) return false;
  }
  return true;
}

bool equal_objects(const bj::object& left, const bj::object& right, Steps& steps) {
  if (left.size() != right.size()) return false;
  for (const auto& member : left) {
    const bj::value* other = right.if_contains(member.key());
    if (other == nullptr || !equal(member.value(), *other, steps)) return false;
  }
  return true;
}

template <class Number>
std::string number_key(char mark, Number number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return mark + std::string(text.data(), end);
}

// Whole doubles within 64 bits have the key of the whole number.
std::string double_key(double number) {
  constexpr double kSignedEnd = 9223372036854775808.0;
  constexpr double kUnsignedEnd = 18446744073709551616.0;
  if (std::trunc(number) == number) {
    if (number >= -kSignedEnd && number < kSignedEnd) return number_key('i', static_cast<std::int64_t>(number));
    if (number > 0 && number < kUnsignedEnd) return number_key('i', static_cast<std::uint64_t>(number));
  }
  return number_key('d', number);
}

}  // namespace

bool equal(const bj::value& left, const bj::value& right, Steps& steps) {
  if (!steps.spend(1)) return false;
  if (left.is_number()) return right.is_number() && exact(left) == exact(right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case bj::kind::string:
      return steps.spend(left.get_string().size() / kBytesPerStep) && left.get_string() == right.get_string();
    case bj::kind::bool_:
      return left.get_bool() == right.get_bool();
    case bj::kind::array:
      return equal_arrays(left.get_array(), right.get_array(), steps);
    case bj::kind::object:
      return equal_objects(left.get_object(), right.get_object(), steps);
    case bj::kind::null:
    case bj::kind::int64:
    case bj::kind::uint64:
    case bj::kind::double_:
      break;
  }
  return true;
}

std::partial_ordering order_of(const bj::value& left, const bj::value& right, Steps& steps) {
  if (left.is_number() && right.is_number()) return exact(left) <=> exact(right);
  if (!left.is_string() || !right.is_string()) return std::partial_ordering::unordered;
  if (!steps.spend(left.get_string().size() / kBytesPerStep)) return std::partial_ordering::unordered;
  return text_of(left).compare(text_of(right)) <=> 0;
}

std::optional<std::string> scalar_key(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      return "z";
    case bj::kind::bool_:
      return value.get_bool() ? "t" : "f";
    case bj::kind::int64:
      return number_key('i', value.get_int64());
    case bj::kind::uint64:
      return number_key('i', value.get_uint64());
    case bj::kind::double_:
      return double_key(value.get_double());
    case bj::kind::string:
      return 's' + std::string(text_of(value));
    case bj::kind::array:
    case bj::kind::object:
      break;
  }
  return std::nullopt;
}

}  // namespace posthorn::json
