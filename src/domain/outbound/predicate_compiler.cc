#include <algorithm>
#include <iterator>

#include "domain/outbound/predicate_program.h"
#include "json/compare.h"
#include "json/reader.h"
#include "json/words.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using Operator = PredicateOperator;

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"eq", Operator::eq},
    {"ne", Operator::ne},
    {"gt", Operator::gt},
    {"gte", Operator::gte},
    {"lt", Operator::lt},
    {"lte", Operator::lte},
    {"in", Operator::in},
    {"nin", Operator::nin},
    {"exists", Operator::exists},
    {"contains", Operator::contains},
    {"startsWith", Operator::starts_with},
    {"endsWith", Operator::ends_with},
    {"matches", Operator::matches},
};

std::string operator_words() {
  std::string words;
  for (const auto& [word, meaning] : kOperators) words += (words.empty() ? "" : ", ") + std::string(word);
  return words;
}

// About the bytes of its text; enough to bound what a predicate keeps.
std::size_t size_of(const bj::value& value) {
  std::size_t size = 8;
  if (const auto* text = value.if_string()) {
    size += text->size();
  } else if (const auto* array = value.if_array()) {
    for (const auto& one : *array) size += size_of(one);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) size += member.key().size() + size_of(member.value());
  }
  return size;
}

class Compiler {
 public:
  Compiler(std::span<const json::PathAlias> aliases, std::size_t& leaves) : aliases_(aliases), leaves_(leaves) {}

  Result<PredicateNode> node(const bj::value& source, const std::string& field, std::size_t depth) {
    const auto* object = source.if_object();
    if (object == nullptr) return invalid(field, "must be an object", "wrong_type");
    if (depth > kPredicateDepthMax) {
      return invalid(field, "is nested deeper than " + std::to_string(kPredicateDepthMax) + " groups", "too_deep");
    }
    constexpr std::string_view kShapes[] = {"all", "any", "not", "path"};
    const auto count =
        std::count_if(std::begin(kShapes), std::end(kShapes), [&](std::string_view shape) { return object->contains(shape); });
    if (count != 1)
      return invalid(field, "must have exactly one of: all, any, not, path", count == 0 ? "required" : "ambiguous");
    json::ObjectReader reader(*object, field);
    std::string name;
    reader.string("name", name, kPredicateNameBytesMax);
    PredicateNode made;
    const Status read = object->contains("path")  ? leaf(made, reader)
                        : object->contains("not") ? negation(made, reader, depth)
                        : object->contains("all") ? group(made, reader, PredicateNode::Kind::all, "all", depth)
                                                  : group(made, reader, PredicateNode::Kind::any, "any", depth);
    if (!read) return std::move(read).error();
    reader.only_these();
    if (!reader.ok()) return reader.error();
    return made;
  }

 private:
  Status negation(PredicateNode& made, json::ObjectReader& reader, std::size_t depth) {
    made.kind = PredicateNode::Kind::negation;
    auto part = node(*reader.member("not"), reader.field("not"), depth + 1);
    if (!part) return std::move(part).error();
    made.parts.push_back(std::move(*part));
    return {};
  }

  Status group(PredicateNode& made, json::ObjectReader& reader, PredicateNode::Kind kind, std::string_view name,
               std::size_t depth) {
    made.kind = kind;
    const bj::array* parts = reader.array(name, kPredicateLeavesMax);
    if (parts == nullptr) return reader.error();
    if (parts->empty()) return invalid(reader.field(name), "must have at least one predicate", "required");
    for (const auto& one : *parts) {
      auto part = node(one, reader.field(name) + "/" + std::to_string(made.parts.size()), depth + 1);
      if (!part) return std::move(part).error();
      made.parts.push_back(std::move(*part));
    }
    return {};
  }

  Status leaf(PredicateNode& made, json::ObjectReader& reader) {
    std::string path;
    std::string word;
    reader.required("path").required("op");
    reader.string("path", path, json::kPathBytesMax).string("op", word, 64);
    const bj::value* value = reader.member("value");
    if (!reader.ok()) return reader.error();
    if (leaves_ == 0) {
      return invalid(reader.field("path"), "there may be at most " + std::to_string(kPredicateLeavesMax) + " comparisons",
                     "too_long");
    }
    --leaves_;
    auto compiled = json::JsonPath::compile(path, reader.field("path"), aliases_);
    if (!compiled) return std::move(compiled).error();
    made.path = std::move(*compiled);
    const auto* known =
        std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& one) { return one.first == word; });
    if (known == std::end(kOperators)) return invalid(reader.field("op"), "must be one of: " + operator_words());
    made.op = known->second;
    return take_value(made, value, reader.field("value"));
  }

  static Status take_value(PredicateNode& made, const bj::value* value, const std::string& field) {
    if (made.op == Operator::exists) {
      if (value != nullptr && !value->is_bool()) return invalid(field, "must be true or false", "wrong_type");
      made.value = value == nullptr || value->get_bool();
      return {};
    }
    if (value == nullptr) return invalid(field, "is required", "required");
    if (size_of(*value) > kPredicateValueBytesMax) return invalid(field, "is too large", "too_long");
    made.value = *value;
    switch (made.op) {
      case Operator::gt:
      case Operator::gte:
      case Operator::lt:
      case Operator::lte:
        if (!value->is_number() && !value->is_string()) return invalid(field, "must be a number or a string", "wrong_type");
        return {};
      case Operator::in:
      case Operator::nin:
        return take_values(made, field);
      case Operator::starts_with:
      case Operator::ends_with:
        if (!value->is_string()) return invalid(field, "must be a string", "wrong_type");
        return {};
      case Operator::matches:
        return take_pattern(made, field);
      case Operator::eq:
      case Operator::ne:
      case Operator::contains:
      case Operator::exists:
        return {};
    }
    return {};
  }

  static Status take_values(PredicateNode& made, const std::string& field) {
    const auto* array = made.value.if_array();
    if (array == nullptr) return invalid(field, "must be an array", "wrong_type");
    if (array->size() > kPredicateValuesMax) {
      return invalid(field, "must have at most " + std::to_string(kPredicateValuesMax) + " items", "too_long");
    }
    for (const auto& one : *array) {
      if (auto key = json::scalar_key(one)) {
        made.keys.insert(std::move(*key));
      } else {
        made.compound.push_back(one);
      }
    }
    made.value = nullptr;
    return {};
  }

  static Status take_pattern(PredicateNode& made, const std::string& field) {
    const auto* text = made.value.if_string();
    if (text == nullptr) return invalid(field, "must be a string", "wrong_type");
    std::string why;
    made.pattern = json::Pattern::compile({text->data(), text->size()}, &why);
    if (!made.pattern) return invalid(field, "is not a regular expression of RE2: " + why, "invalid_pattern");
    return {};
  }

  std::span<const json::PathAlias> aliases_;
  std::size_t& leaves_;
};

}  // namespace

Result<PredicateNode> compile_predicate(const bj::value& source, const std::string& field,
                                        std::span<const json::PathAlias> aliases, std::size_t& leaves) {
  return Compiler(aliases, leaves).node(source, field, 1);
}

}  // namespace posthorn::domain
