#include "json/plain_text.h"

#include <boost/json/serialize.hpp>
#include <charconv>

namespace posthorn::json {
namespace {

namespace bj = boost::json;

void append(std::string& text, const bj::value& value) {
  if (const auto* object = value.if_object()) {
    char separator = '{';
    for (const auto& [name, member] : *object) {
      text += std::exchange(separator, ',');
      text += bj::serialize(bj::string(name));
      text += ':';
      append(text, member);
    }
    text += object->empty() ? "{}" : "}";
  } else if (const auto* array = value.if_array()) {
    char separator = '[';
    for (const auto& item : *array) {
      text += std::exchange(separator, ',');
      append(text, item);
    }
    text += array->empty() ? "[]" : "]";
  } else if (const auto* number = value.if_double()) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, *number).ptr;
    text.append(digits, end);
  } else {
    text += bj::serialize(value);
  }
}

}  // namespace

std::string to_plain_text(const bj::value& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace posthorn::json
