#include <algorithm>
#include <cmath>

#include "json/reader.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

constexpr std::size_t kGuessedNameBytesMax = 40;

std::string_view kind_words(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      return "null";
    case bj::kind::bool_:
      return "true or false";
    case bj::kind::int64:
    case bj::kind::uint64:
    case bj::kind::double_:
      return "a number";
    case bj::kind::string:
      return "a string";
    case bj::kind::array:
      return "an array";
    case bj::kind::object:
      return "an object";
  }
  return "something else";
}

Error wrong_type(std::string field, std::string wanted, const bj::value& value) {
  return invalid(std::move(field), "must be " + wanted + ", not " + std::string(kind_words(value)), "wrong_type");
}

std::string bytes_words(std::size_t count) { return std::to_string(count) + (count == 1 ? " byte" : " bytes"); }

// How many insertions, deletions, replacements and swaps of neighbours make `left` into `right` (optimal string alignment).
std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> two_above;
  std::vector<std::size_t> above(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::vector<std::size_t> row(right.size() + 1, i);
    for (std::size_t j = 1; j <= right.size(); ++j) {
      row[j] = std::min({row[j - 1] + 1, above[j] + 1, above[j - 1] + (left[i - 1] == right[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
      if (swapped) row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
    two_above = std::exchange(above, std::move(row));
  }
  return above.back();
}

// The known name that `name` was probably meant to be: the same but for case and separators, or a third or less of it wrong.
std::string_view guess(std::string_view name, const std::vector<std::string_view>& known) {
  const auto squeezed = [](std::string_view text) {
    std::string letters;
    for (const char c : text) {
      if (c != '_' && c != '-') letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return letters;
  };
  if (name.size() > kGuessedNameBytesMax) return {};
  const std::string wanted = squeezed(name);
  std::string_view best;
  std::size_t best_distance = wanted.size() / 3 + 1;
  for (const auto candidate : known) {
    const std::size_t distance = edit_distance(wanted, squeezed(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

// A number without a fraction that int64 holds exactly; JSON does not tell 5 from 5.0.
std::optional<std::int64_t> whole_number(const bj::value& value) {
  if (value.is_int64()) return value.get_int64();
  constexpr double kExactMax = 9007199254740992;  // 2^53
  if (value.is_double() && std::fabs(value.get_double()) <= kExactMax && std::trunc(value.get_double()) == value.get_double()) {
    return static_cast<std::int64_t>(value.get_double());
  }
  return std::nullopt;
}

}  // namespace

ObjectReader::ObjectReader(const bj::object& object, std::string path) : object_(object), path_(std::move(path)) {}

ObjectReader& ObjectReader::required(std::string_view name) {
  if (member(name) == nullptr) fail(invalid(field(name), "is required", "required"));
  return *this;
}

ObjectReader& ObjectReader::string(std::string_view name, std::string& target, std::size_t bytes_max, std::size_t bytes_min) {
  const bj::value* value = member(name);
  if (value == nullptr) return *this;
  if (!value->is_string()) {
    fail(wrong_type(field(name), "a string", *value));
    return *this;
  }
  const bj::string& text = value->get_string();
  if (text.size() > bytes_max) {
    fail(invalid(field(name), "must be at most " + bytes_words(bytes_max) + " long", "too_long"));
  } else if (text.empty() && bytes_min > 0) {
    fail(invalid(field(name), "must not be empty", "too_short"));
  } else if (text.size() < bytes_min) {
    fail(invalid(field(name), "must be at least " + bytes_words(bytes_min) + " long", "too_short"));
  } else {
    target.assign(text.data(), text.size());
  }
  return *this;
}

ObjectReader& ObjectReader::optional_string(std::string_view name, std::optional<std::string>& target, std::size_t bytes_max) {
  const bj::value* value = member(name);
  if (value == nullptr) return *this;
  if (value->is_null()) {
    target.reset();
    return *this;
  }
  if (!value->is_string()) {
    fail(wrong_type(field(name), "a string or null", *value));
    return *this;
  }
  std::string text;
  string(name, text, bytes_max);
  if (value->get_string().size() <= bytes_max) target = std::move(text);
  return *this;
}

ObjectReader& ObjectReader::boolean(std::string_view name, bool& target) {
  const bj::value* value = member(name);
  if (value == nullptr) return *this;
  if (value->is_bool()) {
    target = value->get_bool();
  } else {
    fail(wrong_type(field(name), "true or false", *value));
  }
  return *this;
}

ObjectReader& ObjectReader::integer(std::string_view name, std::int64_t& target, std::int64_t min, std::int64_t max) {
  const bj::value* value = member(name);
  if (value == nullptr) return *this;
  const std::string wanted = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  const auto whole = whole_number(*value);
  if (!value->is_number()) {
    fail(wrong_type(field(name), wanted, *value));
  } else if (!whole || *whole < min || *whole > max) {
    fail(invalid(field(name), "must be " + wanted, "out_of_range"));
  } else {
    target = *whole;
  }
  return *this;
}

ObjectReader& ObjectReader::number(std::string_view name, double& target, double min, double max) {
  const bj::value* value = member(name);
  if (value == nullptr) return *this;
  const std::string wanted = "a number from " + number_words(min) + " to " + number_words(max);
  if (!value->is_number()) {
    fail(wrong_type(field(name), wanted, *value));
    return *this;
  }
  const double read = value->to_number<double>();
  if (read >= min && read <= max) {
    target = read;
  } else {
    fail(invalid(field(name), "must be " + wanted, "out_of_range"));
  }
  return *this;
}

const bj::value* ObjectReader::member(std::string_view name) {
  if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.push_back(name);
  return object_.if_contains(name);
}

const bj::object* ObjectReader::object(std::string_view name) {
  const bj::value* value = member(name);
  if (value == nullptr || value->is_object()) return value == nullptr ? nullptr : &value->get_object();
  fail(wrong_type(field(name), "an object", *value));
  return nullptr;
}

const bj::array* ObjectReader::array(std::string_view name, std::size_t items_max) {
  const bj::value* value = member(name);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    fail(wrong_type(field(name), "an array", *value));
    return nullptr;
  }
  if (value->get_array().size() > items_max) {
    fail(invalid(field(name), "must have at most " + std::to_string(items_max) + (items_max == 1 ? " item" : " items"),
                 "too_long"));
    return nullptr;
  }
  return &value->get_array();
}

void ObjectReader::only_these() {
  for (const auto& entry : object_) {
    const std::string_view name(entry.key().data(), entry.key().size());
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    std::string message = "unknown field \"" + shortened(name) + "\"";
    if (const auto meant = guess(name, asked_); !meant.empty()) message += "; did you mean \"" + std::string(meant) + "\"?";
    fail(invalid(field(name), std::move(message), "unknown_field"));
    return;
  }
}

void ObjectReader::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

std::string ObjectReader::field(std::string_view name) const { return join_path(path_, name); }

}  // namespace posthorn::json
