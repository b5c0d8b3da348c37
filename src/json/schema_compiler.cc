#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/limits.h"
#include "base/text.h"
#include "json/schema.h"
#include "json/schema_program.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

namespace bj = boost::json;

constexpr NodeIndex kRoot = 0;

constexpr std::pair<std::string_view, SchemaType> kTypes[] = {
    {"null", kTypeNull},     {"boolean", kTypeBoolean}, {"integer", kTypeInteger}, {"number", kTypeNumber},
    {"string", kTypeString}, {"array", kTypeArray},     {"object", kTypeObject},
};

constexpr std::pair<std::string_view, SchemaFormat> kFormats[] = {
    {"date-time", SchemaFormat::date_time}, {"date", SchemaFormat::date},   {"time", SchemaFormat::time},
    {"uuid", SchemaFormat::uuid},           {"email", SchemaFormat::email}, {"uri", SchemaFormat::uri},
    {"ipv4", SchemaFormat::ipv4},           {"ipv6", SchemaFormat::ipv6},
};

// Keywords of later drafts whose absence would change what is accepted.
constexpr std::string_view kUnsupported[] = {"$dynamicRef",    "$recursiveRef",    "$anchor",
                                             "$dynamicAnchor", "unevaluatedItems", "unevaluatedProperties"};

constexpr std::string_view kDialects[] = {"json-schema.org/draft-06/schema", "json-schema.org/draft-07/schema",
                                          "json-schema.org/draft/2019-09/schema", "json-schema.org/draft/2020-12/schema"};

std::string_view text_of(const bj::string& text) { return {text.data(), text.size()}; }
std::string_view text_of(bj::string_view text) { return {text.data(), text.size()}; }

std::string_view type_words(SchemaType type) {
  switch (type) {
    case kTypeNull:
      return "null";
    case kTypeBoolean:
      return "true or false";
    case kTypeInteger:
      return "a whole number";
    case kTypeNumber:
      return "a number";
    case kTypeString:
      return "a string";
    case kTypeArray:
      return "an array";
    case kTypeObject:
      return "an object";
  }
  return {};
}

// ECMAScript's \uXXXX is \x{XXXX} in RE2; the rest of what schemas use is the same in both.
std::string to_re2_syntax(std::string_view pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      text += pattern[i];
      continue;
    }
    if (pattern[i + 1] == 'u' && i + 6 <= pattern.size() && hex_decode(pattern.substr(i + 2, 4))) {
      text += "\\x{" + std::string(pattern.substr(i + 2, 4)) + "}";
      i += 5;
    } else {
      text += pattern.substr(i, 2);
      ++i;
    }
  }
  return text;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = i + 3 <= text.size() ? hex_decode(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return std::nullopt;
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

class Compiler {
 public:
  explicit Compiler(SchemaProgram& program) : program_(program) {}

  std::optional<Error> run() {
    node_of(program_.document, "");
    while (!references_.empty() && !error_) {
      const Reference next = std::move(references_.back());
      references_.pop_back();
      resolve(next);
    }
    if (!error_) refuse_circles();
    return error_;
  }

 private:
  using Path = const std::string&;
  using Reader = void (Compiler::*)(NodeIndex, const bj::value&, Path);
  struct Keyword {
    std::string_view name;
    Reader read;
  };
  struct Reference {
    NodeIndex from;
    std::string target;
    std::string path;
  };
  static const Keyword kKeywords[];

  SchemaNode& node(NodeIndex index) { return program_.nodes[index]; }

  void fail(Path path, std::string message) {
    if (!error_) error_ = invalid(path, std::move(message), "invalid_schema");
  }

  // The node of a (sub)schema, made on first use. Its keywords are read when the node has its index, so that it can be referred
  // to.
  NodeIndex node_of(const bj::value& schema, Path path) {
    const auto [place, is_new] = indexes_.emplace(&schema, static_cast<NodeIndex>(program_.nodes.size()));
    const NodeIndex index = place->second;
    if (!is_new) return index;
    program_.nodes.emplace_back();
    paths_.push_back(path);
    if (schema.is_bool()) {
      node(index).never = !schema.get_bool();
    } else if (schema.is_object()) {
      read_object(index, schema.get_object(), path);
    } else {
      fail(path, "must be a schema: an object, true or false");
    }
    return index;
  }

  void read_object(NodeIndex index, const bj::object& schema, Path path) {
    for (const auto& [key, value] : schema) {
      const auto name = text_of(key);
      const std::string place = join_path(path, name);
      if (std::find(std::begin(kUnsupported), std::end(kUnsupported), name) != std::end(kUnsupported)) {
        fail(place, "is not supported");
      }
      const auto keyword = std::find_if(keywords_begin(), keywords_end(), [&](const Keyword& k) { return k.name == name; });
      if (keyword != keywords_end()) (this->*keyword->read)(index, value, place);
    }
    read_items(index, schema, path);
  }
  static const Keyword* keywords_begin();
  static const Keyword* keywords_end();

  // --- values of keywords ---

  std::optional<std::string_view> string_of(const bj::value& value, Path path) {
    if (value.is_string()) return text_of(value.get_string());
    fail(path, "must be a string");
    return std::nullopt;
  }
  std::optional<long double> number_of(const bj::value& value, Path path) {
    if (value.is_int64()) return static_cast<long double>(value.get_int64());
    if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
    if (value.is_double()) return static_cast<long double>(value.get_double());
    fail(path, "must be a number");
    return std::nullopt;
  }
  std::optional<std::uint64_t> count_of(const bj::value& value, Path path) {
    constexpr long double kCountMax = 1e15L;
    const auto number = value.is_number() ? number_of(value, path) : std::nullopt;
    if (number && *number >= 0 && *number <= kCountMax && std::trunc(*number) == *number) {
      return static_cast<std::uint64_t>(*number);
    }
    fail(path, "must be a whole number from 0");
    return std::nullopt;
  }
  std::vector<std::string> strings_of(const bj::value& value, Path path) {
    std::vector<std::string> strings;
    if (!value.is_array()) fail(path, "must be an array of strings");
    if (const auto* array = value.if_array()) {
      for (const auto& element : *array) {
        if (const auto text = string_of(element, path)) strings.emplace_back(*text);
      }
    }
    return strings;
  }
  std::vector<NodeIndex> nodes_of(const bj::value& value, Path path) {
    std::vector<NodeIndex> nodes;
    const auto* array = value.if_array();
    if (array == nullptr || array->empty()) {
      fail(path, "must be an array of at least one schema");
      return nodes;
    }
    for (std::size_t i = 0; i < array->size(); ++i) nodes.push_back(node_of((*array)[i], join_path(path, std::to_string(i))));
    return nodes;
  }
  const re2::RE2* pattern_of(std::string_view pattern, Path path) {
    const auto known = program_.patterns.find(std::string(pattern));
    if (known != program_.patterns.end()) return known->second.get();
    if (pattern.size() > kSchemaPatternBytesMax || program_.patterns.size() == kSchemaPatternsMax) {
      fail(path, "must be one of at most " + std::to_string(kSchemaPatternsMax) + " patterns, each of at most " +
                     std::to_string(kSchemaPatternBytesMax) + " bytes");
      return nullptr;
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kSchemaPatternMemoryBytes);
    auto compiled = std::make_unique<re2::RE2>(to_re2_syntax(pattern), options);
    if (!compiled->ok()) {
      fail(path,
           "is not a regular expression that is understood here (no look-around, no back references): " + compiled->error());
      return nullptr;
    }
    return program_.patterns.emplace(pattern, std::move(compiled)).first->second.get();
  }
  template <class Use>
  void each_member(const bj::value& value, Path path, Use use) {
    if (!value.is_object()) {
      fail(path, "must be an object");
      return;
    }
    for (const auto& [key, member] : value.get_object()) use(text_of(key), member, join_path(path, text_of(key)));
  }

  // --- keywords: readers whose target is one member of the node ---

  template <auto Member>
  void read_number(NodeIndex index, const bj::value& value, Path path) {
    node(index).*Member = number_of(value, path);
  }
  template <auto Member>
  void read_count(NodeIndex index, const bj::value& value, Path path) {
    node(index).*Member = count_of(value, path);
  }
  template <auto Member>
  void read_schema(NodeIndex index, const bj::value& value, Path path) {
    const NodeIndex child = node_of(value, path);  // may move the nodes
    node(index).*Member = child;
  }
  template <auto Member>
  void read_schemas(NodeIndex index, const bj::value& value, Path path) {
    auto children = nodes_of(value, path);
    node(index).*Member = std::move(children);
  }

  // --- keywords of their own kind ---

  void read_dialect(NodeIndex, const bj::value& value, Path path) {
    auto uri = string_of(value, path).value_or("");
    for (const std::string_view prefix : {"https://", "http://"}) {
      if (uri.starts_with(prefix)) uri.remove_prefix(prefix.size());
    }
    if (uri.ends_with('#')) uri.remove_suffix(1);
    if (std::find(std::begin(kDialects), std::end(kDialects), uri) == std::end(kDialects)) {
      fail(path, "must be draft 6, draft 7, 2019-09 or 2020-12 of json-schema.org");
    }
  }
  void read_id(NodeIndex index, const bj::value& value, Path path) {
    const auto id = string_of(value, path);
    if (index != kRoot) fail(path, "is only allowed in the outermost schema");
    if (id) root_id_ = id->substr(0, id->find('#'));
  }
  void read_reference(NodeIndex index, const bj::value& value, Path path) {
    if (const auto target = string_of(value, path)) references_.push_back({index, std::string(*target), path});
  }
  void read_definitions(NodeIndex, const bj::value& value, Path path) {
    each_member(value, path, [&](std::string_view, const bj::value& schema, Path place) { node_of(schema, place); });
  }
  void read_type(NodeIndex index, const bj::value& value, Path path) {
    const auto* array = value.if_array();
    if (array != nullptr && array->empty()) fail(path, "must name at least one type");
    if (array == nullptr) add_type(index, value, path);
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) add_type(index, (*array)[i], path);
  }
  void add_type(NodeIndex index, const bj::value& value, Path path) {
    const auto name = string_of(value, path);
    if (!name) return;
    for (const auto& [word, type] : kTypes) {
      if (word != *name) continue;
      node(index).types = static_cast<std::uint8_t>(node(index).types | type);
      auto& words = node(index).type_words;
      words += std::string(words.empty() ? "" : " or ") + std::string(type_words(type));
      return;
    }
    fail(path, "\"" + shortened(*name) + "\" is not a type: null, boolean, integer, number, string, array or object");
  }
  void read_enum(NodeIndex index, const bj::value& value, Path path) {
    if (value.is_array() && !value.get_array().empty()) {
      node(index).one_value_of = &value.get_array();
    } else {
      fail(path, "must be an array of at least one value");
    }
  }
  void read_const(NodeIndex index, const bj::value& value, Path) { node(index).constant = &value; }
  void read_format(NodeIndex index, const bj::value& value, Path path) {
    const auto name = string_of(value, path);
    for (const auto& [word, format] : kFormats) {
      if (word == name) node(index).format = format;
    }
  }
  void read_multiple_of(NodeIndex index, const bj::value& value, Path path) {
    const auto number = number_of(value, path);
    if (number && *number <= 0) fail(path, "must be above 0");
    node(index).multiple_of = number;
  }
  void read_pattern(NodeIndex index, const bj::value& value, Path path) {
    if (const auto text = string_of(value, path)) node(index).pattern = pattern_of(*text, path);
  }
  void read_unique_items(NodeIndex index, const bj::value& value, Path path) {
    if (!value.is_bool()) fail(path, "must be true or false");
    node(index).unique_items = value.is_bool() && value.get_bool();
  }
  // items, additionalItems and prefixItems mean something only together.
  void read_items(NodeIndex index, const bj::object& schema, Path path) {
    const auto* items = schema.if_contains("items");
    const auto* prefix = schema.if_contains("prefixItems");
    const auto* rest = items;
    std::string prefix_name = "prefixItems";
    std::string rest_name = "items";
    if (prefix == nullptr && items != nullptr && items->is_array()) {
      prefix = std::exchange(rest, schema.if_contains("additionalItems"));
      prefix_name = std::exchange(rest_name, "additionalItems");
    }
    if (prefix != nullptr) {
      auto children = nodes_of(*prefix, join_path(path, prefix_name));
      node(index).prefix_items = std::move(children);
    }
    if (rest != nullptr) read_schema<&SchemaNode::rest_items>(index, *rest, join_path(path, rest_name));
  }
  void read_required(NodeIndex index, const bj::value& value, Path path) { node(index).required = strings_of(value, path); }
  void read_properties(NodeIndex index, const bj::value& value, Path path) {
    each_member(value, path, [&](std::string_view name, const bj::value& schema, Path place) {
      const NodeIndex child = node_of(schema, place);
      node(index).properties.emplace(name, child);
    });
  }
  void read_pattern_properties(NodeIndex index, const bj::value& value, Path path) {
    each_member(value, path, [&](std::string_view name, const bj::value& schema, Path place) {
      const re2::RE2* pattern = pattern_of(name, place);
      const NodeIndex child = node_of(schema, place);
      if (pattern != nullptr) node(index).pattern_properties.emplace_back(pattern, child);
    });
  }
  void read_dependencies(NodeIndex index, const bj::value& value, Path path) {
    each_member(value, path, [&](std::string_view name, const bj::value& member, Path place) {
      if (member.is_array()) {
        node(index).dependent_required.emplace_back(name, strings_of(member, place));
      } else {
        const NodeIndex child = node_of(member, place);
        node(index).dependent_schemas.emplace_back(name, child);
      }
    });
  }

  // --- references ---

  void resolve(const Reference& reference) {
    std::string_view target = reference.target;
    if (!root_id_.empty() && target.starts_with(root_id_) && target.substr(root_id_.size()).starts_with('#')) {
      target.remove_prefix(root_id_.size());
    }
    const auto pointer = target.starts_with('#') ? percent_decoded(target.substr(1)) : std::nullopt;
    if (!pointer || (!pointer->empty() && !pointer->starts_with('/'))) {
      fail(reference.path, "must point into this schema, as \"#/$defs/name\": nothing is fetched from elsewhere");
      return;
    }
    bj::error_code missing;
    const bj::value* schema = program_.document.find_pointer(*pointer, missing);
    if (schema == nullptr) {
      fail(reference.path, "points to nothing: \"" + shortened(reference.target) + "\"");
      return;
    }
    const NodeIndex child = node_of(*schema, pointer->empty() ? std::string() : pointer->substr(1));
    node(reference.from).reference = child;
  }

  std::vector<NodeIndex> applied_in_place(const SchemaNode& from) const {
    std::vector<NodeIndex> nodes;
    for (const auto& child : {from.reference, from.negated, from.condition, from.consequence, from.alternative}) {
      if (child) nodes.push_back(*child);
    }
    for (const auto* list : {&from.all_of, &from.any_of, &from.one_of}) nodes.insert(nodes.end(), list->begin(), list->end());
    for (const auto& [name, child] : from.dependent_schemas) nodes.push_back(child);
    return nodes;
  }

  // A node that leads back to itself without going deeper into the value would never come to an end. Depth-first search.
  void refuse_circles() {
    enum class Mark : std::uint8_t { unseen, open, done };
    std::vector<Mark> marks(program_.nodes.size(), Mark::unseen);
    struct Step {
      NodeIndex node;
      std::vector<NodeIndex> next;
    };
    std::vector<Step> way;
    const auto enter = [&](NodeIndex index) {
      marks[index] = Mark::open;
      way.push_back({index, applied_in_place(node(index))});
    };
    for (NodeIndex start = 0; start < marks.size(); ++start) {
      if (marks[start] == Mark::unseen) enter(start);
      while (!way.empty()) {
        if (way.back().next.empty()) {
          marks[way.back().node] = Mark::done;
          way.pop_back();
          continue;
        }
        const NodeIndex child = way.back().next.back();
        way.back().next.pop_back();
        if (marks[child] == Mark::open) return fail(paths_[child], "refers to itself without going deeper into the value");
        if (marks[child] == Mark::unseen) enter(child);
      }
    }
  }

  SchemaProgram& program_;
  std::unordered_map<const bj::value*, NodeIndex> indexes_;
  std::vector<std::string> paths_;  // of the nodes
  std::vector<Reference> references_;
  std::string root_id_;
  std::optional<Error> error_;
};

const Compiler::Keyword Compiler::kKeywords[] = {
    {"$schema", &Compiler::read_dialect},
    {"$id", &Compiler::read_id},
    {"$ref", &Compiler::read_reference},
    {"definitions", &Compiler::read_definitions},
    {"$defs", &Compiler::read_definitions},
    {"type", &Compiler::read_type},
    {"enum", &Compiler::read_enum},
    {"const", &Compiler::read_const},
    {"format", &Compiler::read_format},
    {"multipleOf", &Compiler::read_multiple_of},
    {"minimum", &Compiler::read_number<&SchemaNode::minimum>},
    {"maximum", &Compiler::read_number<&SchemaNode::maximum>},
    {"exclusiveMinimum", &Compiler::read_number<&SchemaNode::exclusive_minimum>},
    {"exclusiveMaximum", &Compiler::read_number<&SchemaNode::exclusive_maximum>},
    {"minLength", &Compiler::read_count<&SchemaNode::min_length>},
    {"maxLength", &Compiler::read_count<&SchemaNode::max_length>},
    {"pattern", &Compiler::read_pattern},
    {"contains", &Compiler::read_schema<&SchemaNode::contains>},
    {"minContains", &Compiler::read_count<&SchemaNode::min_contains>},
    {"maxContains", &Compiler::read_count<&SchemaNode::max_contains>},
    {"minItems", &Compiler::read_count<&SchemaNode::min_items>},
    {"maxItems", &Compiler::read_count<&SchemaNode::max_items>},
    {"uniqueItems", &Compiler::read_unique_items},
    {"required", &Compiler::read_required},
    {"properties", &Compiler::read_properties},
    {"patternProperties", &Compiler::read_pattern_properties},
    {"additionalProperties", &Compiler::read_schema<&SchemaNode::additional_properties>},
    {"propertyNames", &Compiler::read_schema<&SchemaNode::property_names>},
    {"minProperties", &Compiler::read_count<&SchemaNode::min_properties>},
    {"maxProperties", &Compiler::read_count<&SchemaNode::max_properties>},
    {"dependencies", &Compiler::read_dependencies},
    {"dependentRequired", &Compiler::read_dependencies},
    {"dependentSchemas", &Compiler::read_dependencies},
    {"if", &Compiler::read_schema<&SchemaNode::condition>},
    {"then", &Compiler::read_schema<&SchemaNode::consequence>},
    {"else", &Compiler::read_schema<&SchemaNode::alternative>},
    {"allOf", &Compiler::read_schemas<&SchemaNode::all_of>},
    {"anyOf", &Compiler::read_schemas<&SchemaNode::any_of>},
    {"oneOf", &Compiler::read_schemas<&SchemaNode::one_of>},
    {"not", &Compiler::read_schema<&SchemaNode::negated>},
};

const Compiler::Keyword* Compiler::keywords_begin() { return std::begin(kKeywords); }
const Compiler::Keyword* Compiler::keywords_end() { return std::end(kKeywords); }

}  // namespace

Status compile_schema(SchemaProgram& program, const std::string& field) {
  auto error = Compiler(program).run();
  if (!error) return {};
  if (!error->field.empty() && !field.empty()) error->field.insert(0, field + "/");
  if (error->field.empty()) error->field = field;
  return std::move(*error);
}

}  // namespace posthorn::json
