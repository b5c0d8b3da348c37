#include "json/template.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "base/text.h"
#include "json/json_path.h"
#include "json/plain_text.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

namespace bj = boost::json;

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

// Of a text: words, or the path of a placeholder.
struct Part {
  std::string words;
  JsonPathPtr path;
};

struct Node {
  enum class Kind { fixed, value, text, array, object };
  Kind kind = Kind::fixed;
  std::string fixed;  // JSON
  std::vector<Part> parts;
  std::vector<std::string> names;  // of an object's members: JSON
  std::vector<Node> children;
};

std::string json_string(std::string_view text) { return bj::serialize(bj::value(bj::string_view(text.data(), text.size()))); }

class Compiler {
 public:
  Result<Node> node(const bj::value& source, const std::string& field) {
    if (const auto* text = source.if_string()) return text_node({text->data(), text->size()}, field);
    Node made;
    if (const auto* array = source.if_array()) {
      made.kind = Node::Kind::array;
      for (const auto& one : *array) {
        if (auto added = add(made, one, join_path(field, std::to_string(made.children.size()))); !added) return added.error();
      }
    } else if (const auto* object = source.if_object()) {
      made.kind = Node::Kind::object;
      for (const auto& member : *object) {
        const std::string_view name = member.key();
        made.names.push_back(json_string(name));
        if (auto added = add(made, member.value(), join_path(field, name)); !added) return added.error();
      }
    } else {
      made.fixed = to_plain_text(source);
      return made;
    }
    return simplified(std::move(made), source);
  }

 private:
  Status add(Node& parent, const bj::value& source, const std::string& field) {
    auto child = node(source, field);
    if (!child) return std::move(child).error();
    parent.children.push_back(std::move(*child));
    return {};
  }

  // What has no placeholder inside is its text.
  static Node simplified(Node made, const bj::value& source) {
    for (const auto& child : made.children) {
      if (child.kind != Node::Kind::fixed) return made;
    }
    Node fixed;
    fixed.fixed = to_plain_text(source);
    return fixed;
  }

  Result<Node> text_node(std::string_view text, const std::string& field) {
    Node made;
    made.kind = Node::Kind::text;
    std::string words;
    const auto keep = [&] {
      if (!words.empty()) made.parts.push_back({std::move(words), nullptr});
      words.clear();
    };
    for (std::size_t at = 0; at < text.size();) {
      const auto rest = text.substr(at);
      if (rest.starts_with("\\{{")) {
        words += kOpen;
        at += 3;
      } else if (rest.starts_with(kOpen)) {
        const auto end = rest.find(kClose);
        if (end == std::string_view::npos) return invalid(field, "has '{{' without '}}'", "invalid_template");
        keep();
        auto path = placeholder(trim(rest.substr(kOpen.size(), end - kOpen.size())), field);
        if (!path) return std::move(path).error();
        made.parts.push_back({{}, std::move(*path)});
        at += end + kClose.size();
      } else {
        words += text[at++];
      }
    }
    keep();
    return finished(std::move(made));
  }

  static Node finished(Node made) {
    if (made.parts.size() == 1 && made.parts.front().path) {
      made.kind = Node::Kind::value;
    } else if (made.parts.empty() || (made.parts.size() == 1 && !made.parts.front().path)) {
      made.kind = Node::Kind::fixed;
      made.fixed = json_string(made.parts.empty() ? std::string_view() : std::string_view(made.parts.front().words));
    }
    return made;
  }

  Result<JsonPathPtr> placeholder(std::string_view text, const std::string& field) {
    if (++placeholders_ > kTemplatePlaceholdersMax) {
      return invalid(field, "there may be at most " + std::to_string(kTemplatePlaceholdersMax) + " placeholders", "too_long");
    }
    auto path = JsonPath::compile(text, field);
    if (path && !(*path)->singular()) return invalid(field, "a placeholder's path must select one value", "invalid_path");
    return path;
  }

  std::size_t placeholders_ = 0;
};

// Fills one template; stops growing beyond the bound.
class Filler {
 public:
  Filler(const bj::value& document, std::size_t bytes_max) : document_(document), bytes_max_(bytes_max) {}

  bool fill(const Node& node) {
    switch (node.kind) {
      case Node::Kind::fixed:
        out_ += node.fixed;
        break;
      case Node::Kind::value: {
        const auto* value = node.parts.front().path->find(document_);
        out_ += value == nullptr ? "null" : to_plain_text(*value);
        break;
      }
      case Node::Kind::text:
        out_ += json_string(text_of(node));
        break;
      case Node::Kind::array:
        out_ += '[';
        if (!fill_children(node)) return false;
        out_ += ']';
        break;
      case Node::Kind::object:
        out_ += '{';
        if (!fill_children(node)) return false;
        out_ += '}';
        break;
    }
    return out_.size() <= bytes_max_;
  }
  std::string take() { return std::move(out_); }

 private:
  bool fill_children(const Node& node) {
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      if (i > 0) out_ += ',';
      if (!node.names.empty()) out_ += node.names[i] + ':';
      if (!fill(node.children[i])) return false;
    }
    return true;
  }

  std::string text_of(const Node& node) const {
    std::string text;
    for (const auto& part : node.parts) {
      text += part.words;
      if (!part.path) continue;
      const auto* value = part.path->find(document_);
      if (value == nullptr || value->is_null()) continue;
      if (const auto* words = value->if_string()) {
        text.append(words->data(), words->size());
      } else {
        text += to_plain_text(*value);
      }
      if (text.size() > bytes_max_) break;
    }
    return text;
  }

  const bj::value& document_;
  const std::size_t bytes_max_;
  std::string out_;
};

}  // namespace

struct Template::Impl {
  bj::value source;
  Node root;
};

Template::Template(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Template::~Template() = default;

Result<TemplatePtr> Template::compile(const bj::value& source, const std::string& field) {
  if (bj::serialize(source).size() > kTemplateBytesMax) {
    return invalid(field, "must be at most " + std::to_string(kTemplateBytesMax) + " bytes long", "too_long");
  }
  auto root = Compiler().node(source, field);
  if (!root) return std::move(root).error();
  return TemplatePtr(new Template(std::make_unique<Impl>(Impl{source, std::move(*root)})));
}

Result<std::string> Template::fill(const bj::value& document, std::size_t bytes_max) const {
  Filler filler(document, bytes_max);
  if (!filler.fill(impl_->root)) {
    return invalid({}, "is longer than " + std::to_string(bytes_max) + " bytes when it is filled", "too_long");
  }
  return filler.take();
}

const bj::value& Template::source() const { return impl_->source; }

}  // namespace posthorn::json
