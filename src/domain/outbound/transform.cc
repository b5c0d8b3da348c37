#include "domain/outbound/transform.h"

#include <boost/json/object.hpp>

#include "domain/outbound/format.h"
#include "domain/outbound/subscription_parts.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kShape = R"(must return an object of payload, headers or cancel, like {"payload": …})";

void add_member(std::string& text, std::string_view name, std::string_view json) {
  text += text.empty() ? '{' : ',';
  text += json_quoted(name);
  text += ':';
  text += json;
}

std::string quoted_or_null(std::string_view value) { return value.empty() ? "null" : json_quoted(value); }

}  // namespace

std::string_view to_text(Transform::Language language) {
  switch (language) {
    case Transform::Language::jq:
      return "jq";
    case Transform::Language::javascript:
      return "javascript";
  }
  return {};
}

std::optional<Transform::Language> parse_transform_language(std::string_view text) {
  for (const auto language : {Transform::Language::jq, Transform::Language::javascript}) {
    if (text == to_text(language)) return language;
  }
  return std::nullopt;
}

std::string transform_input(const Event& event, std::string_view tenant_name, std::string_view body) {
  std::string text;
  text.reserve(event.payload.size() + body.size() + 512);
  add_member(text, "id", json_quoted(public_event_id(event)));
  add_member(text, "topic", json_quoted(event.topic));
  add_member(text, "time", json_quoted(to_rfc3339(event.time)));
  add_member(text, "tenant", json_quoted(tenant_name));
  add_member(text, "userId", quoted_or_null(event.user));
  add_member(text, "scope", quoted_or_null(event.scope));
  add_member(text, "data", event.payload.empty() ? "null" : std::string_view(event.payload));
  add_member(text, "payload", body.empty() ? "null" : body);
  text += '}';
  return text;
}

Result<Transformed> read_transformed(std::string_view result) {
  // The whole result is checked once; its payload is taken as it stands.
  auto members = json::raw_members(result);
  if (!members) {
    if (members.error().code == "wrong_type") return invalid("", std::string(kShape), "wrong_shape");
    return invalid("", "returned something that cannot be sent: " + members.error().message, members.error().code);
  }
  Transformed transformed;
  if (members->empty()) return invalid("", std::string(kShape), "wrong_shape");
  for (const auto& [name, value] : *members) {
    if (name == "payload") {
      transformed.payload = value;
    } else if (name == "headers") {
      auto parsed = json::parse(value);
      if (!parsed) return invalid("headers", parsed.error().message, parsed.error().code);
      const boost::json::object object{{"headers", std::move(*parsed)}};
      json::ObjectReader reader(object, "");
      (void)read_header_list(reader, "headers", transformed.headers);
      if (!reader.ok()) return reader.error();
    } else if (name == "cancel") {
      if (value != "true" && value != "false") return invalid("cancel", "must be true or false", "wrong_type");
      transformed.cancel = value == "true";
    } else {
      return invalid(json::raw_string('"' + std::string(name) + '"').value_or(""), std::string(kShape), "wrong_shape");
    }
  }
  return transformed;
}

}  // namespace posthorn::domain
