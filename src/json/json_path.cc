#include "json/json_path.h"

#include <algorithm>
#include <cstdio>

#include "base/limits.h"
#include "base/text.h"
#include "json/i_regexp.h"
#include "json/json_path_program.h"

namespace posthorn::json {
namespace {

namespace bj = boost::json;

constexpr std::size_t kDepthMax = 2 * kJsonDepthMax;  // of documents: more than parse() makes
constexpr std::size_t kPatternSteps = 1000;           // compiling an expression that the document brings
constexpr std::size_t kPatternBytesPerStep = 4;       // running one

std::string_view text_of(const bj::value& value) { return {value.get_string().data(), value.get_string().size()}; }

const bj::value* element(const bj::array& array, std::int64_t index) {
  const auto size = static_cast<std::int64_t>(array.size());
  if (index < 0) index += size;
  return index >= 0 && index < size ? &array[static_cast<std::size_t>(index)] : nullptr;
}

// The child that a name or an index selects.
const bj::value* child(const bj::value& node, const PathSelector& selector) {
  if (selector.kind == PathSelector::Kind::name) {
    const auto* object = node.if_object();
    return object == nullptr ? nullptr : object->if_contains(selector.name);
  }
  const auto* array = node.if_array();
  return array == nullptr ? nullptr : element(*array, selector.index);
}

const bj::value* find_one(const PathQuery& query, const bj::value& start) {
  const bj::value* node = &start;
  for (const auto& segment : query.segments) {
    node = child(*node, segment.selectors.front());
    if (node == nullptr) return nullptr;
  }
  return node;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

// A value, or the standard's Nothing. Results of functions live in it, nodes elsewhere.
class Comparable {
 public:
  Comparable() = default;
  explicit Comparable(const bj::value* node) : node_(node) {}
  explicit Comparable(std::size_t number) : number_(number), has_number_(true) {}
  const bj::value* get() const { return has_number_ ? &number_ : node_; }

 private:
  const bj::value* node_ = nullptr;
  bj::value number_;
  bool has_number_ = false;
};

class Evaluator {
 public:
  Evaluator(const bj::value& root, Steps& steps) : root_(root), steps_(steps) {}

  PathNodes select(const PathQuery& query, const bj::value& current) {
    PathNodes nodes{query.relative ? &current : &root_};
    PathNodes selected;
    for (const auto& segment : query.segments) {
      selected.clear();
      for (const auto* node : nodes) {
        if (segment.descendant) {
          descend(segment, *node, selected, 0);
        } else {
          apply(segment, *node, selected);
        }
        if (steps_.exhausted()) return {};
      }
      nodes.swap(selected);
    }
    return nodes;
  }

 private:
  void push(const bj::value* node, PathNodes& out) {
    if (node == nullptr) return;
    if (out.size() >= kPathNodesMax) {
      exhaust();
    } else if (steps_.spend(1)) {
      out.push_back(node);
    }
  }
  void exhaust() { (void)steps_.spend(steps_.left() + 1); }

  void descend(const PathSegment& segment, const bj::value& node, PathNodes& out, std::size_t depth) {
    if (depth > kDepthMax) return exhaust();
    if (!steps_.spend(1)) return;
    apply(segment, node, out);
    each_child(node, [&](const bj::value& one) {
      if (one.is_structured()) descend(segment, one, out, depth + 1);
    });
  }

  template <class Visit>
  void each_child(const bj::value& node, Visit visit) {
    if (const auto* array = node.if_array()) {
      for (const auto& one : *array) {
        if (steps_.exhausted()) return;
        visit(one);
      }
    } else if (const auto* object = node.if_object()) {
      for (const auto& member : *object) {
        if (steps_.exhausted()) return;
        visit(member.value());
      }
    }
  }

  void apply(const PathSegment& segment, const bj::value& node, PathNodes& out) {
    for (const auto& selector : segment.selectors) {
      switch (selector.kind) {
        case PathSelector::Kind::name:
        case PathSelector::Kind::index:
          if (steps_.spend(1)) push(child(node, selector), out);
          break;
        case PathSelector::Kind::wildcard:
          each_child(node, [&](const bj::value& one) { push(&one, out); });
          break;
        case PathSelector::Kind::slice:
          if (const auto* array = node.if_array()) slice(selector, *array, out);
          break;
        case PathSelector::Kind::filter:
          each_child(node, [&](const bj::value& one) {
            if (holds(*selector.filter, one)) push(&one, out);
          });
          break;
      }
    }
  }

  // RFC 9535, 2.3.4.2.2.
  void slice(const PathSelector& selector, const bj::array& array, PathNodes& out) {
    const auto size = static_cast<std::int64_t>(array.size());
    const auto step = selector.step;
    const auto from_end = [&](std::int64_t index) { return index < 0 ? index + size : index; };
    if (step > 0) {
      const auto first = std::clamp<std::int64_t>(from_end(selector.start.value_or(0)), 0, size);
      const auto end = std::clamp<std::int64_t>(from_end(selector.end.value_or(size)), 0, size);
      for (auto i = first; i < end && !steps_.exhausted(); i += step) push(&array[static_cast<std::size_t>(i)], out);
    } else if (step < 0) {
      const auto first = std::clamp<std::int64_t>(from_end(selector.start.value_or(size - 1)), -1, size - 1);
      const auto end = selector.end ? std::clamp<std::int64_t>(from_end(*selector.end), -1, size - 1) : -1;
      for (auto i = first; i > end && !steps_.exhausted(); i += step) push(&array[static_cast<std::size_t>(i)], out);
    }
  }

  bool holds(const PathFilter& filter, const bj::value& current) {
    if (!steps_.spend(1)) return false;
    const auto part_holds = [&](const PathFilterPtr& part) { return holds(*part, current); };
    switch (filter.kind) {
      case PathFilter::Kind::any:
        return std::any_of(filter.parts.begin(), filter.parts.end(), part_holds);
      case PathFilter::Kind::all:
        return std::all_of(filter.parts.begin(), filter.parts.end(), part_holds);
      case PathFilter::Kind::negation:
        return !part_holds(filter.parts.front());
      case PathFilter::Kind::exists:
        return exists(filter.left.query, current);
      case PathFilter::Kind::comparison:
        return compare(filter.comparison, value_of(filter.left, current), value_of(filter.right, current));
      case PathFilter::Kind::call:
        return matches(filter.left, current);
    }
    return false;
  }

  bool exists(const PathQuery& query, const bj::value& current) {
    if (query.singular()) return one(query, current) != nullptr;
    return !select(query, current).empty();
  }

  const bj::value* one(const PathQuery& query, const bj::value& current) {
    if (!steps_.spend(query.segments.size())) return nullptr;
    return find_one(query, query.relative ? current : root_);
  }

  Comparable value_of(const PathOperand& operand, const bj::value& current) {
    switch (operand.kind) {
      case PathOperand::Kind::literal:
        return Comparable(&operand.literal);
      case PathOperand::Kind::query:
        return Comparable(one(operand.query, current));
      case PathOperand::Kind::call:
        return result_of(operand, current);
    }
    return {};
  }

  Comparable result_of(const PathOperand& call, const bj::value& current) {
    const auto& argument = call.arguments.front();
    if (call.function == PathFunction::count) return Comparable(select(argument.query, current).size());
    if (call.function == PathFunction::value) {
      const auto nodes = select(argument.query, current);
      return nodes.size() == 1 ? Comparable(nodes.front()) : Comparable();
    }
    const Comparable measured = value_of(argument, current);
    const bj::value* value = measured.get();
    if (value == nullptr) return {};
    if (const auto* array = value->if_array()) return Comparable(array->size());
    if (const auto* object = value->if_object()) return Comparable(object->size());
    if (!value->is_string() || !steps_.spend(value->get_string().size() / 64)) return {};
    return Comparable(code_points(text_of(*value)));
  }

  bool compare(PathComparison comparison, const Comparable& left_one, const Comparable& right_one) {
    const bj::value* left = left_one.get();
    const bj::value* right = right_one.get();
    const auto same = [&] {
      return left != nullptr && right != nullptr ? equal(*left, *right, steps_) : left == nullptr && right == nullptr;
    };
    const auto order = [&] {
      return left != nullptr && right != nullptr ? order_of(*left, *right, steps_) : std::partial_ordering::unordered;
    };
    switch (comparison) {
      case PathComparison::eq:
        return same();
      case PathComparison::ne:
        return !same();
      case PathComparison::lt:
        return order() < 0;
      case PathComparison::gt:
        return order() > 0;
      case PathComparison::lte:
        return order() < 0 || same();
      case PathComparison::gte:
        return order() > 0 || same();
    }
    return false;
  }

  bool matches(const PathOperand& call, const bj::value& current) {
    const Comparable subject = value_of(call.arguments.front(), current);
    const Comparable expression = value_of(call.arguments.back(), current);
    if (subject.get() == nullptr || !subject.get()->is_string()) return false;
    const std::string_view text = text_of(*subject.get());
    if (!steps_.spend(1 + text.size() / kPatternBytesPerStep)) return false;
    if (call.arguments.back().kind == PathOperand::Kind::literal) {
      return call.pattern != nullptr && runs(*call.pattern, call.function, text);
    }
    if (expression.get() == nullptr || !expression.get()->is_string()) return false;
    const std::string_view pattern = text_of(*expression.get());
    if (pattern != last_pattern_ || !has_last_) {
      if (!steps_.spend(kPatternSteps + pattern.size())) return false;
      const auto translated = to_re2(pattern);
      last_compiled_ = translated ? Pattern::compile(*translated) : nullptr;
      last_pattern_ = pattern;
      has_last_ = true;
    }
    return last_compiled_ != nullptr && runs(*last_compiled_, call.function, text);
  }

  static bool runs(const Pattern& pattern, PathFunction function, std::string_view text) {
    return function == PathFunction::match ? pattern.is_all_of(text) : pattern.is_found_in(text);
  }

  const bj::value& root_;
  Steps& steps_;
  std::unique_ptr<const Pattern> last_compiled_;  // of the last expression that the document brought
  std::string last_pattern_;
  bool has_last_ = false;
};

// A name in a normalized path (RFC 9535, 2.7).
std::string quoted_name(std::string_view name) {
  constexpr std::string_view kMeant = "\b\f\n\r\t'\\";
  constexpr std::string_view kMarks = "bfnrt'\\";
  std::string text = "'";
  for (const char c : name) {
    if (const auto known = kMeant.find(c); known != std::string_view::npos) {
      text += '\\';
      text += kMarks[known];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      text += "\\u00" + hex_encode(std::string_view(&c, 1));
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::string canonical_text(const PathQuery& query) {
  std::string text = "$";
  for (const auto& segment : query.segments) {
    const auto& selector = segment.selectors.front();
    text +=
        "[" + (selector.kind == PathSelector::Kind::name ? quoted_name(selector.name) : std::to_string(selector.index)) + "]";
  }
  return text;
}

// The aliases hold wherever a path begins at the root, in filters too.
class Renamer {
 public:
  explicit Renamer(std::span<const PathAlias> aliases) : aliases_(aliases) {}

  void rename(PathQuery& query) const {
    for (auto& segment : query.segments) {
      const bool first = &segment == &query.segments.front() && !query.relative && !segment.descendant;
      for (auto& selector : segment.selectors) {
        if (first && selector.kind == PathSelector::Kind::name) rename(selector.name);
        if (selector.filter) rename(*selector.filter);
      }
    }
  }

 private:
  void rename(std::string& name) const {
    for (const auto& alias : aliases_) {
      if (name == alias.name) {
        name = alias.member;
        return;
      }
    }
  }
  void rename(PathFilter& filter) const {
    for (const auto& part : filter.parts) rename(*part);
    rename(filter.left);
    rename(filter.right);
  }
  void rename(PathOperand& operand) const {
    rename(operand.query);
    for (auto& argument : operand.arguments) rename(argument);
  }

  std::span<const PathAlias> aliases_;
};

}  // namespace

struct JsonPath::Impl {
  PathQuery query;
  bool singular = false;
  std::string canonical;
};

JsonPath::JsonPath(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonPath::~JsonPath() = default;

Result<JsonPathPtr> JsonPath::compile(std::string_view text, std::string field, std::span<const PathAlias> aliases) {
  if (text.size() > kPathBytesMax) {
    return invalid(std::move(field), "must be at most " + std::to_string(kPathBytesMax) + " bytes long", "too_long");
  }
  if (!is_valid_utf8(text)) return invalid(std::move(field), "is not valid UTF-8", "invalid_path");
  auto query = parse_path(text, field);
  if (!query) return std::move(query).error();
  if (!aliases.empty()) Renamer(aliases).rename(*query);
  auto impl = std::make_unique<Impl>();
  impl->singular = query->singular();
  if (impl->singular) impl->canonical = canonical_text(*query);
  impl->query = std::move(*query);
  return JsonPathPtr(new JsonPath(std::move(impl)));
}

Result<PathNodes> JsonPath::select(const bj::value& root, Steps& steps) const {
  auto nodes = Evaluator(root, steps).select(impl_->query, root);
  if (steps.exhausted()) return invalid({}, "the path costs too much on this document", "too_costly");
  return nodes;
}

bool JsonPath::singular() const { return impl_->singular; }
const bj::value* JsonPath::find(const bj::value& root) const { return find_one(impl_->query, root); }
const std::string& JsonPath::canonical() const { return impl_->canonical; }

}  // namespace posthorn::json
