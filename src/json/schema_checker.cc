#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "json/schema.h"
#include "json/schema_program.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

namespace bj = boost::json;

std::string_view text_of(const bj::string& text) { return {text.data(), text.size()}; }
std::string_view text_of(bj::string_view text) { return {text.data(), text.size()}; }

// long double holds every int64, uint64 and double exactly on the machines that the server is built for.
static_assert(std::numeric_limits<long double>::digits >= 64);
long double number_of(const bj::value& value) {
  if (value.is_int64()) return static_cast<long double>(value.get_int64());
  if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
  return static_cast<long double>(value.get_double());
}

std::uint8_t types_of(const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null:
      return kTypeNull;
    case bj::kind::bool_:
      return kTypeBoolean;
    case bj::kind::int64:
    case bj::kind::uint64:
      return kTypeInteger | kTypeNumber;
    case bj::kind::double_: {
      const double number = value.get_double();
      return std::trunc(number) == number ? kTypeInteger | kTypeNumber : kTypeNumber;
    }
    case bj::kind::string:
      return kTypeString;
    case bj::kind::array:
      return kTypeArray;
    case bj::kind::object:
      return kTypeObject;
  }
  return 0;
}

std::uint64_t characters_in(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool is_multiple(long double value, long double divisor) {
  if (std::trunc(value) == value && std::trunc(divisor) == divisor) return std::fmod(value, divisor) == 0;
  const long double quotient = value / divisor;  // 19.99 is a multiple of 0.01, though neither is exactly a double
  return std::fabs(quotient - std::nearbyint(quotient)) <= 1e-9L * std::max(1.0L, std::fabs(quotient));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find_first_of(" \t\r\n") == std::string_view::npos;
}

bool is_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(text.front())) == 0)
    return false;
  const auto scheme = text.substr(0, colon);
  const bool good_scheme = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
  return good_scheme && std::all_of(text.begin(), text.end(), [](char c) {
           return c > ' ' && c < '\x7f' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
         });
}

bool is_address(std::string_view text, int family) {
  in6_addr address{};
  return text.size() < 64 && inet_pton(family, std::string(text).c_str(), &address) == 1;
}

// Nothing when `text` has the format, otherwise what it must be.
std::string_view format_mismatch(SchemaFormat format, std::string_view text) {
  switch (format) {
    case SchemaFormat::none:
      return {};
    case SchemaFormat::date_time:
      return parse_rfc3339(text) ? "" : "a time as in 2026-01-31T23:59:59Z";
    case SchemaFormat::date:
      return text.size() == 10 && parse_rfc3339(std::string(text) + "T00:00:00Z") ? "" : "a date as in 2026-01-31";
    case SchemaFormat::time:
      return text.size() < 40 && parse_rfc3339("2000-01-01T" + std::string(text)) ? "" : "a time of day as in 23:59:59Z";
    case SchemaFormat::uuid:
      return is_uuid(text) ? "" : "a UUID";
    case SchemaFormat::email:
      return is_email(text) ? "" : "an e-mail address";
    case SchemaFormat::uri:
      return is_uri(text) ? "" : "a URI";
    case SchemaFormat::ipv4:
      return is_address(text, AF_INET) ? "" : "an IPv4 address";
    case SchemaFormat::ipv6:
      return is_address(text, AF_INET6) ? "" : "an IPv6 address";
  }
  return {};
}

// One validation. Stops at the first mismatch and remembers its place, except inside schemas that may fail (`quiet`).
class Checker {
 public:
  explicit Checker(const SchemaProgram& program, std::size_t steps_max = kSchemaStepsMax)
      : program_(program), steps_left_(steps_max) {}

  bool matches(NodeIndex part, const bj::value& value) { return check(part, value, nullptr); }
  std::size_t steps_left() const { return exhausted_ ? 0 : steps_left_; }

  Status run(const bj::value& value, const std::string& field) {
    const bool good = check(0, value, nullptr);
    if (exhausted_) return invalid(field, "takes too many steps to check against the schema", "schema_mismatch");
    if (good) return {};
    std::string place = field;
    for (const auto& part : mismatch_path_) place = join_path(place, part);
    return invalid(std::move(place), mismatch_, "schema_mismatch");
  }

 private:
  // Where the value stands: a chain through the callers' frames.
  struct Place {
    const Place* parent;
    std::string_view name;  // of the member; null data: the element `index`
    std::size_t index;
  };
  static Place member_place(const Place* parent, std::string_view name) { return {parent, name, 0}; }
  static Place element_place(const Place* parent, std::size_t index) { return {parent, {}, index}; }

  bool spend(std::size_t steps) {
    exhausted_ = exhausted_ || steps > steps_left_;
    if (!exhausted_) steps_left_ -= steps;
    return !exhausted_;
  }

  bool fail(const Place* place, std::string_view message) {
    if (quiet_ > 0 || !mismatch_.empty()) return false;
    mismatch_ = message;
    for (; place != nullptr; place = place->parent) {
      mismatch_path_.emplace_back(place->name.data() == nullptr ? std::to_string(place->index) : std::string(place->name));
    }
    std::reverse(mismatch_path_.begin(), mismatch_path_.end());
    return false;
  }
  bool fail_missing(const Place* place, std::string_view name, std::string_view message) {
    const Place missing = member_place(place, name);
    return fail(&missing, message);
  }

  bool matches_quietly(NodeIndex index, const bj::value& value) {
    ++quiet_;
    const bool good = check(index, value, nullptr);
    --quiet_;
    return good;
  }

  bool check(NodeIndex index, const bj::value& value, const Place* place) {
    if (++depth_ > kSchemaRecursionMax) exhausted_ = true;
    const SchemaNode& node = program_.nodes[index];
    const bool good = spend(1) && check_general(node, value, place) && check_by_type(node, value, place) &&
                      check_in_place(node, value, place);
    --depth_;
    return good && !exhausted_;
  }

  bool check_general(const SchemaNode& node, const bj::value& value, const Place* place) {
    if (node.never) return fail(place, "is not allowed here");
    if (node.types != 0 && (node.types & types_of(value)) == 0) return fail(place, "must be " + node.type_words);
    if (node.constant != nullptr && !equal(*node.constant, value))
      return fail(place, "must be the value that the schema fixes");
    if (node.one_value_of == nullptr) return true;
    const auto& values = *node.one_value_of;
    const bool listed = std::any_of(values.begin(), values.end(), [&](const bj::value& v) { return equal(v, value); });
    return listed || fail(place, "must be one of the values that the schema lists");
  }

  bool check_by_type(const SchemaNode& node, const bj::value& value, const Place* place) {
    if (value.is_number()) return check_number(node, number_of(value), place);
    if (value.is_string()) return check_string(node, text_of(value.get_string()), place);
    if (value.is_array()) return check_array(node, value.get_array(), place);
    if (value.is_object()) return check_object(node, value.get_object(), place);
    return true;
  }

  bool check_number(const SchemaNode& node, long double number, const Place* place) {
    const auto must_be = [&](std::string_view words, long double bound) {
      return fail(place, "must be " + std::string(words) + number_words(bound));
    };
    if (node.minimum && number < *node.minimum) return must_be("at least ", *node.minimum);
    if (node.maximum && number > *node.maximum) return must_be("at most ", *node.maximum);
    if (node.exclusive_minimum && number <= *node.exclusive_minimum) return must_be("above ", *node.exclusive_minimum);
    if (node.exclusive_maximum && number >= *node.exclusive_maximum) return must_be("below ", *node.exclusive_maximum);
    if (node.multiple_of && !is_multiple(number, *node.multiple_of)) return must_be("a multiple of ", *node.multiple_of);
    return true;
  }

  bool check_string(const SchemaNode& node, std::string_view text, const Place* place) {
    if (node.min_length || node.max_length) {
      if (!spend(text.size() / 64)) return false;
      const std::uint64_t length = characters_in(text);
      if (node.min_length && length < *node.min_length)
        return fail_count(place, "must have at least ", *node.min_length, "character");
      if (node.max_length && length > *node.max_length)
        return fail_count(place, "must have at most ", *node.max_length, "character");
    }
    if (node.pattern != nullptr && !matches(*node.pattern, text)) {
      return fail(place, "must match the pattern " + shortened(node.pattern->pattern()));
    }
    if (node.format == SchemaFormat::none) return true;
    if (!spend(text.size() / 64)) return false;
    const auto wanted = format_mismatch(node.format, text);
    return wanted.empty() || fail(place, "must be " + std::string(wanted));
  }

  bool check_array(const SchemaNode& node, const bj::array& array, const Place* place) {
    if (node.min_items && array.size() < *node.min_items)
      return fail_count(place, "must have at least ", *node.min_items, "item");
    if (node.max_items && array.size() > *node.max_items)
      return fail_count(place, "must have at most ", *node.max_items, "item");
    for (std::size_t i = 0; i < array.size(); ++i) {
      const bool in_prefix = i < node.prefix_items.size();
      if (!in_prefix && !node.rest_items) break;
      const Place element = element_place(place, i);
      if (!check(in_prefix ? node.prefix_items[i] : *node.rest_items, array[i], &element)) return false;
    }
    return check_contains(node, array, place) && (!node.unique_items || check_unique(array, place));
  }

  bool check_contains(const SchemaNode& node, const bj::array& array, const Place* place) {
    if (!node.contains) return true;
    std::uint64_t count = 0;
    for (const auto& element : array) {
      if (matches_quietly(*node.contains, element)) ++count;
      if (exhausted_) return false;
    }
    if (count < node.min_contains.value_or(1)) return fail(place, "has too few items of the kind that the schema asks for");
    if (node.max_contains && count > *node.max_contains)
      return fail(place, "has too many items of the kind that the schema limits");
    return true;
  }

  // Sorts by hash, then compares what has the same one: no square of the array's length.
  bool check_unique(const bj::array& array, const Place* place) {
    std::vector<std::pair<std::size_t, const bj::value*>> hashes;
    hashes.reserve(array.size());
    for (const auto& element : array) hashes.emplace_back(hash(element), &element);
    if (!spend(array.size())) return false;
    std::sort(hashes.begin(), hashes.end());
    for (auto group = hashes.begin(); group != hashes.end();) {
      const auto end = std::find_if(group, hashes.end(), [&](const auto& entry) { return entry.first != group->first; });
      for (auto left = group; left != end; ++left) {
        for (auto right = std::next(left); right != end; ++right) {
          if (equal(*left->second, *right->second)) return fail(place, "must not have the same item twice");
          if (exhausted_) return false;
        }
      }
      group = end;
    }
    return true;
  }

  bool check_object(const SchemaNode& node, const bj::object& object, const Place* place) {
    if (node.min_properties && object.size() < *node.min_properties) {
      return fail_count(place, "must have at least ", *node.min_properties, "member");
    }
    if (node.max_properties && object.size() > *node.max_properties) {
      return fail_count(place, "must have at most ", *node.max_properties, "member");
    }
    for (const auto& name : node.required) {
      if (!spend(1)) return false;
      if (!object.contains(name)) return fail_missing(place, name, "is required");
    }
    for (const auto& [name, needed] : node.dependent_required) {
      if (!object.contains(name)) continue;
      for (const auto& other : needed) {
        if (!spend(1)) return false;
        if (!object.contains(other)) return fail_missing(place, other, "is required when \"" + shortened(name) + "\" is there");
      }
    }
    return check_members(node, object, place);
  }

  bool check_members(const SchemaNode& node, const bj::object& object, const Place* place) {
    if (node.properties.empty() && node.pattern_properties.empty() && !node.additional_properties && !node.property_names) {
      return true;
    }
    for (const auto& [key, value] : object) {
      const auto name = text_of(key);
      const Place member = member_place(place, name);
      if (!spend(1 + name.size() / 64)) return false;
      if (node.property_names && !matches_quietly(*node.property_names, bj::value(bj::string_view(key)))) {
        return fail(&member, "has a name that the schema does not allow");
      }
      bool known = false;
      if (const auto property = node.properties.find(name); property != node.properties.end()) {
        known = true;
        if (!check(property->second, value, &member)) return false;
      }
      for (const auto& [pattern, child] : node.pattern_properties) {
        if (!matches(*pattern, name)) continue;
        known = true;
        if (!check(child, value, &member)) return false;
      }
      if (!known && node.additional_properties && !check(*node.additional_properties, value, &member)) return false;
    }
    return true;
  }

  bool check_in_place(const SchemaNode& node, const bj::value& value, const Place* place) {
    if (node.reference && !check(*node.reference, value, place)) return false;
    for (const NodeIndex child : node.all_of) {
      if (!check(child, value, place)) return false;
    }
    if (node.negated && matches_quietly(*node.negated, value)) return fail(place, "must not be as the schema excludes");
    if (node.condition) {
      const auto& branch = matches_quietly(*node.condition, value) ? node.consequence : node.alternative;
      if (branch && !check(*branch, value, place)) return false;
    }
    return check_choices(node, value, place) && check_dependent(node, value, place);
  }

  bool check_choices(const SchemaNode& node, const bj::value& value, const Place* place) {
    if (!node.any_of.empty()) {
      const bool any =
          std::any_of(node.any_of.begin(), node.any_of.end(), [&](NodeIndex n) { return matches_quietly(n, value); });
      if (!any) return fail(place, "must match at least one of the forms that the schema allows");
    }
    if (!node.one_of.empty()) {
      const auto count =
          std::count_if(node.one_of.begin(), node.one_of.end(), [&](NodeIndex n) { return matches_quietly(n, value); });
      if (count == 0) return fail(place, "must match one of the forms that the schema allows");
      if (count > 1) return fail(place, "must match only one of the forms that the schema allows, not several");
    }
    return true;
  }

  bool check_dependent(const SchemaNode& node, const bj::value& value, const Place* place) {
    if (!value.is_object()) return true;
    for (const auto& [name, child] : node.dependent_schemas) {
      if (value.get_object().contains(name) && !check(child, value, place)) return false;
    }
    return true;
  }

  bool fail_count(const Place* place, std::string_view words, std::uint64_t count, std::string_view thing) {
    return fail(place, std::string(words) + std::to_string(count) + " " + std::string(thing) + (count == 1 ? "" : "s"));
  }

  bool matches(const re2::RE2& pattern, std::string_view text) {
    // Where RE2's automaton would grow beyond its memory, it walks all states of the program for each byte.
    const auto program_size = static_cast<std::size_t>(pattern.ProgramSize());
    if (!spend(1 + text.size() * (32 + program_size) / 32)) return false;
    return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
  }

  // As JSON Schema compares: 1 equals 1.0, objects whatever their order. Recursion is bounded by kJsonDepthMax.
  bool equal(const bj::value& left, const bj::value& right) {
    if (!spend(1)) return false;
    if (left.is_number() && right.is_number()) return number_of(left) == number_of(right);
    if (left.kind() != right.kind()) return false;
    if (left.is_array()) {
      return std::equal(left.get_array().begin(), left.get_array().end(), right.get_array().begin(), right.get_array().end(),
                        [&](const bj::value& l, const bj::value& r) { return equal(l, r); });
    }
    if (!left.is_object()) return left == right;
    const auto& other = right.get_object();
    return left.get_object().size() == other.size() &&
           std::all_of(left.get_object().begin(), left.get_object().end(), [&](const auto& member) {
             const auto* value = other.if_contains(member.key());
             return value != nullptr && equal(member.value(), *value);
           });
  }

  // Equal values have equal hashes.
  std::size_t hash(const bj::value& value) {
    if (!spend(1)) return 0;
    constexpr std::size_t kMix = 0x9e3779b97f4a7c15;
    if (value.is_number()) return std::hash<double>()(static_cast<double>(number_of(value))) * kMix;
    if (const auto* text = value.if_string()) {
      return spend(text->size() / 64) ? std::hash<std::string_view>()(text_of(*text)) : 0;
    }
    std::size_t sum = static_cast<std::size_t>(value.kind()) * kMix;
    if (value.is_bool()) return sum + (value.get_bool() ? 1 : 0);
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array) sum = (sum ^ (sum >> 29)) * kMix + hash(element);
    }
    if (const auto* object = value.if_object()) {
      for (const auto& [key, member] : *object) {
        const std::size_t one = std::hash<std::string_view>()(text_of(key)) ^ (hash(member) * kMix);
        sum += (one ^ (one >> 31)) * kMix;
      }
    }
    return sum;
  }

  const SchemaProgram& program_;
  std::size_t steps_left_;
  std::size_t depth_ = 0;
  int quiet_ = 0;
  bool exhausted_ = false;
  std::string mismatch_;
  std::vector<std::string> mismatch_path_;
};

}  // namespace

bool matches_schema(const SchemaProgram& program, NodeIndex part, const bj::value& value, std::size_t& steps_left) {
  Checker checker(program, steps_left);
  const bool good = checker.matches(part, value);
  steps_left = checker.steps_left();
  return good;
}

Status check_against_schema(const SchemaProgram& program, const bj::value& value, const std::string& field) {
  return Checker(program).run(value, field);
}

}  // namespace posthorn::json
