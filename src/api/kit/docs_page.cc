#include "api/kit/docs_page.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::api {

std::string_view docs_style_sheet();  // docs.css, embedded

namespace {

namespace bj = boost::json;

constexpr std::string_view kSchemaPrefix = "#/components/schemas/";

std::string escaped(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

// `words` between backticks become code.
std::string inline_text(std::string_view text) {
  std::string html;
  bool code = false;
  while (true) {
    const auto tick = text.find('`');
    html += escaped(text.substr(0, tick));
    if (tick == std::string_view::npos) break;
    html += code ? "</code>" : "<code>";
    code = !code;
    text.remove_prefix(tick + 1);
  }
  if (code) html += "</code>";
  return html;
}

std::string paragraphs(std::string_view text) {
  std::string html;
  while (!text.empty()) {
    const auto end = text.find("\n\n");
    html += "<p>" + inline_text(text.substr(0, end)) + "</p>\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return html;
}

std::string_view text_of(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

const bj::object* object_of(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

const bj::array* array_of(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr ? value->if_array() : nullptr;
}

bool lists(const bj::array* array, std::string_view word) {
  if (array == nullptr) return false;
  for (const auto& item : *array) {
    if (item.is_string() && std::string_view(item.get_string()) == word) return true;
  }
  return false;
}

// What a schema says of a value beside its type: "from 1 to 250", "default 50", "up to 128 characters"…
std::string bounds_words(const bj::object& schema) {
  const auto range = [&](std::string_view least, std::string_view most, std::string_view unit) {
    const auto* low = schema.if_contains(least);
    const auto* high = schema.if_contains(most);
    if (low == nullptr && high == nullptr) return std::string();
    if (low == nullptr) return ", up to " + bj::serialize(*high) + std::string(unit);
    if (high == nullptr) return ", at least " + bj::serialize(*low) + std::string(unit);
    return ", " + bj::serialize(*low) + " to " + bj::serialize(*high) + std::string(unit);
  };
  std::string words = range("minimum", "maximum", "") + range("minLength", "maxLength", " characters") +
                      range("minItems", "maxItems", " items") + range("minProperties", "maxProperties", " members");
  const auto* unique = schema.if_contains("uniqueItems");
  if (unique != nullptr && *unique == bj::value(true)) words += ", each once";
  if (const auto pattern = text_of(schema, "pattern"); !pattern.empty()) {
    words += ", pattern <code>" + escaped(pattern) + "</code>";
  }
  if (const auto* otherwise = schema.if_contains("default")) {
    words += ", default <code>" + escaped(bj::serialize(*otherwise)) + "</code>";
  }
  const auto* read_only = schema.if_contains("readOnly");
  if (read_only != nullptr && *read_only == bj::value(true)) words += ", read-only";
  return words;
}

// Indented by two spaces; short arrays and objects stay on one line.
void pretty(std::string& out, const bj::value& value, std::size_t depth) {
  const std::string line = bj::serialize(value);
  const bool nested = value.is_object() || value.is_array();
  if (!nested || line.size() + depth * 2 <= 72) {
    out += line;
    return;
  }
  const std::string indent(depth * 2 + 2, ' ');
  bool first = true;
  const auto next = [&] {
    out += first ? "\n" : ",\n";
    out += indent;
    first = false;
  };
  if (const auto* object = value.if_object()) {
    out += '{';
    for (const auto& [name, member] : *object) {
      next();
      out += bj::serialize(bj::value(name)) + ": ";
      pretty(out, member, depth + 1);
    }
    out += '\n' + std::string(depth * 2, ' ') + '}';
    return;
  }
  out += '[';
  for (const auto& item : value.get_array()) {
    next();
    pretty(out, item, depth + 1);
  }
  out += '\n' + std::string(depth * 2, ' ') + ']';
}

std::string pretty(const bj::value& value) {
  std::string out;
  pretty(out, value, 0);
  return out;
}

class Page {
 public:
  explicit Page(const bj::object& document) : document_(document) {}

  std::string html();

 private:
  struct Operation {
    std::string method;  // upper case
    std::string path;
    std::string anchor;
    const bj::object* value;
  };

  void collect();
  void navigation();
  void operation(const Operation& operation);
  void parameters(const bj::object& operation);
  void request_body(const bj::object& operation);
  void responses(const bj::object& operation);
  void curl(const Operation& operation);
  void schemas();
  void properties(const bj::object& schema);
  std::string type_words(const bj::object& schema) const;
  const bj::object& resolved(const bj::object& object) const;
  const bj::object* media(const bj::object& holder) const;

  const bj::object& document_;
  std::vector<Operation> operations_;
  std::string out_;
};

// Follows one local reference; `object` itself is part of the document.
const bj::object& Page::resolved(const bj::object& object) const {
  std::string_view reference = text_of(object, "$ref");
  const bj::object* at = reference.starts_with("#/") ? &document_ : nullptr;
  if (at != nullptr) reference.remove_prefix(2);
  while (at != nullptr && !reference.empty()) {
    const auto slash = reference.find('/');
    at = object_of(*at, reference.substr(0, slash));
    reference = slash == std::string_view::npos ? std::string_view() : reference.substr(slash + 1);
  }
  return *(at != nullptr ? at : &object);
}

// The first media type's object.
const bj::object* Page::media(const bj::object& holder) const {
  const auto* content = object_of(holder, "content");
  return content != nullptr && !content->empty() ? content->begin()->value().if_object() : nullptr;
}

std::string Page::type_words(const bj::object& schema) const {
  if (const auto reference = text_of(schema, "$ref"); reference.starts_with(kSchemaPrefix)) {
    const std::string name(reference.substr(kSchemaPrefix.size()));
    return "<a href=\"#schema-" + name + "\">" + name + "</a>";
  }
  for (const std::string_view choice : {"oneOf", "anyOf"}) {
    const auto* options = array_of(schema, choice);
    if (options == nullptr) continue;
    std::string words;
    for (const auto& option : *options) {
      if (!option.is_object()) continue;
      words += (words.empty() ? "" : " or ") + type_words(option.get_object());
    }
    return words + bounds_words(schema);
  }
  std::string words(text_of(schema, "type"));
  if (const auto* types = array_of(schema, "type")) {
    for (const auto& type : *types) words += (words.empty() ? "" : " or ") + std::string(type.get_string());
  }
  if (const auto* items = object_of(schema, "items")) words += " of " + type_words(*items);
  if (const auto format = text_of(schema, "format"); !format.empty()) words += " (" + escaped(format) + ")";
  if (const auto* allowed = array_of(schema, "enum")) {
    words += ": ";
    for (std::size_t i = 0; i < allowed->size(); ++i) {
      words += (i == 0 ? "<code>" : ", <code>") + escaped(bj::serialize((*allowed)[i])) + "</code>";
    }
  }
  if (const auto* only = schema.if_contains("const")) words += "<code>" + escaped(bj::serialize(*only)) + "</code>";
  return (words.empty() ? "any JSON value" : words) + bounds_words(schema);
}

void Page::collect() {
  const auto* paths = object_of(document_, "paths");
  POSTHORN_CHECK(paths != nullptr);
  for (const auto& [path, item] : *paths) {
    for (const std::string_view method : {"get", "put", "post", "patch", "delete"}) {
      const auto* found = item.is_object() ? object_of(item.get_object(), method) : nullptr;
      if (found == nullptr) continue;
      std::string upper;
      for (const char c : method) upper += static_cast<char>(c - 'a' + 'A');
      operations_.push_back({upper, std::string(path), std::string(text_of(*found, "operationId")), found});
    }
  }
}

void Page::properties(const bj::object& schema) {
  const auto* members = object_of(schema, "properties");
  if (members == nullptr || members->empty()) return;
  const auto* required = array_of(schema, "required");
  out_ += "<table><thead><tr><th>Member</th><th>Type</th><th></th></tr></thead><tbody>\n";
  for (const auto& [name, member] : *members) {
    const auto& value = member.get_object();
    out_ += "<tr><td><code>" + escaped(name) + "</code>";
    if (lists(required, name)) out_ += " <span class=\"needed\">required</span>";
    out_ += "</td><td>" + type_words(value) + "</td><td>" + inline_text(text_of(value, "description")) + "</td></tr>\n";
  }
  out_ += "</tbody></table>\n";
}

void Page::parameters(const bj::object& operation) {
  const auto* list = array_of(operation, "parameters");
  if (list == nullptr || list->empty()) return;
  out_ += "<h4>Parameters</h4>\n<table><thead><tr><th>Name</th><th>In</th><th>Type</th><th></th></tr></thead><tbody>\n";
  for (const auto& item : *list) {
    const auto& parameter = resolved(item.get_object());
    const auto* schema = object_of(parameter, "schema");
    const auto* required = parameter.if_contains("required");
    out_ += "<tr><td><code>" + escaped(text_of(parameter, "name")) + "</code>";
    if (required != nullptr && required->is_bool() && required->get_bool()) out_ += " <span class=\"needed\">required</span>";
    out_ += "</td><td>" + escaped(text_of(parameter, "in")) + "</td><td>" + (schema == nullptr ? "" : type_words(*schema)) +
            "</td><td>" + inline_text(text_of(parameter, "description")) + "</td></tr>\n";
  }
  out_ += "</tbody></table>\n";
}

void Page::request_body(const bj::object& operation) {
  const auto* holder = object_of(operation, "requestBody");
  const auto* body = holder == nullptr ? nullptr : media(*holder);
  if (body == nullptr) return;
  out_ += "<h4>Body</h4>\n";
  if (const auto* schema = object_of(*body, "schema")) {
    out_ += "<p>" + type_words(*schema) + "</p>\n";
    properties(resolved(*schema));
  }
}

void Page::responses(const bj::object& operation) {
  const auto* list = object_of(operation, "responses");
  if (list == nullptr) return;
  out_ += "<h4>Answers</h4>\n<table><thead><tr><th>Status</th><th>Body</th><th></th></tr></thead><tbody>\n";
  std::string examples;
  for (const auto& [status, item] : *list) {
    const auto& response = resolved(item.get_object());
    const auto* body = media(response);
    const auto* schema = body == nullptr ? nullptr : object_of(*body, "schema");
    out_ += "<tr><td>" + escaped(status) + "</td><td>" + (schema == nullptr ? "" : type_words(*schema)) + "</td><td>" +
            inline_text(text_of(response, "description")) + "</td></tr>\n";
    const auto* example = body == nullptr ? nullptr : body->if_contains("example");
    if (example != nullptr && status.starts_with('2')) examples += "<pre>" + escaped(pretty(*example)) + "</pre>\n";
  }
  out_ += "</tbody></table>\n" + examples;
}

void Page::curl(const Operation& operation) {
  std::string path = operation.path;
  if (const auto* list = array_of(*operation.value, "parameters")) {
    for (const auto& item : *list) {
      const auto& parameter = resolved(item.get_object());
      const auto* example = parameter.if_contains("example");
      const std::string place = "{" + std::string(text_of(parameter, "name")) + "}";
      const auto at = path.find(place);
      if (example == nullptr || !example->is_string() || at == std::string::npos) continue;
      path.replace(at, place.size(), std::string_view(example->get_string()));
    }
  }
  std::string line = "curl";
  if (operation.method != "GET") line += " -X " + operation.method;
  line += " \"$POSTHORN_URL" + path + '"';
  const auto* security = array_of(*operation.value, "security");
  if (security == nullptr || !security->empty()) line += " \\\n  -H \"Authorization: Bearer $POSTHORN_KEY\"";
  const auto* holder = object_of(*operation.value, "requestBody");
  const auto* body = holder == nullptr ? nullptr : media(*holder);
  const auto* example = body == nullptr ? nullptr : body->if_contains("example");
  if (example != nullptr) line += " \\\n  -H \"Content-Type: application/json\" \\\n  -d '" + pretty(*example) + "'";
  out_ += "<h4>Try it</h4>\n<pre>" + escaped(line) + "</pre>\n";
}

void Page::operation(const Operation& operation) {
  std::string lower = to_ascii_lower(operation.method);
  out_ += "<section id=\"" + escaped(operation.anchor) + "\">\n<h3>" + inline_text(text_of(*operation.value, "summary")) +
          "</h3>\n<p><span class=\"method " + lower + "\">" + operation.method + "</span> <span class=\"path\">" +
          escaped(operation.path) + "</span></p>\n";
  out_ += paragraphs(text_of(*operation.value, "description"));
  parameters(*operation.value);
  request_body(*operation.value);
  responses(*operation.value);
  curl(operation);
  out_ += "</section>\n";
}

void Page::schemas() {
  const auto* components = object_of(document_, "components");
  const auto* list = components == nullptr ? nullptr : object_of(*components, "schemas");
  if (list == nullptr) return;
  out_ += "<h2 id=\"schemas\">Schemas</h2>\n";
  for (const auto& [name, item] : *list) {
    const auto& schema = item.get_object();
    out_ += "<section id=\"schema-" + escaped(name) + "\">\n<h3>" + escaped(name) + "</h3>\n";
    out_ += paragraphs(text_of(schema, "description"));
    if (schema.contains("properties")) {
      properties(schema);
    } else {
      out_ += "<p>" + type_words(schema) + "</p>\n";
    }
    out_ += "</section>\n";
  }
}

void Page::navigation() {
  out_ += "<nav aria-label=\"Operations\">\n";
  for (const auto& tag : *array_of(document_, "tags")) {
    const auto name = text_of(tag.get_object(), "name");
    out_ += "<h2>" + escaped(name) + "</h2>\n<ul>\n";
    for (const auto& operation : operations_) {
      if (!lists(array_of(*operation.value, "tags"), name)) continue;
      out_ += "<li><a href=\"#" + escaped(operation.anchor) + "\">" + inline_text(text_of(*operation.value, "summary")) +
              "</a></li>\n";
    }
    out_ += "</ul>\n";
  }
  out_ += "<h2><a href=\"#schemas\">Schemas</a></h2>\n</nav>\n";
}

std::string Page::html() {
  collect();
  const auto& info = *object_of(document_, "info");
  const std::string title = escaped(text_of(info, "title"));
  out_ +=
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
      title + "</title>\n<style>" + std::string(docs_style_sheet()) + "</style>\n</head>\n<body>\n<div class=\"page\">\n";
  navigation();
  out_ += "<main>\n<h1>" + title + "</h1>\n<p>Version " + escaped(text_of(info, "version")) + "</p>\n";
  out_ += paragraphs(text_of(info, "description"));
  for (const auto& item : *array_of(document_, "tags")) {
    const auto& tag = item.get_object();
    out_ += "<h2>" + escaped(text_of(tag, "name")) + "</h2>\n" + paragraphs(text_of(tag, "description"));
    for (const auto& one : operations_) {
      if (lists(array_of(*one.value, "tags"), text_of(tag, "name"))) operation(one);
    }
  }
  schemas();
  out_ += "</main>\n</div>\n</body>\n</html>\n";
  return std::move(out_);
}

}  // namespace

DocsPage render_docs(std::string_view openapi) {
  boost::system::error_code error;
  const bj::value document = bj::parse(openapi, error);
  POSTHORN_CHECK(!error && document.is_object());
  const auto hash = crypto::sha256(docs_style_sheet());
  const std::string_view hash_bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
  return {Page(document.get_object()).html(), "default-src 'none'; style-src 'sha256-" + base64_encode(hash_bytes) +
                                                  "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"};
}

}  // namespace posthorn::api
