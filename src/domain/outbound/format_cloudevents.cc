// CloudEvents 1.0, JSON format and HTTP protocol binding. type is the topic, source the tenant ("/tenants/<name>", a URI
// reference), id the event's public id; user and scope travel as extension attributes.
#include <array>
#include <utility>

#include "domain/outbound/format_parts.h"

namespace posthorn::domain {
namespace {

// CloudEvents 1.0.2, 3.2: a string attribute has no control characters.
bool is_attribute_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) return false;
  }
  return true;
}

using Attributes = std::vector<std::pair<std::string_view, std::string>>;

Attributes attributes_of(const Event& event, std::string_view tenant) {
  Attributes attributes{{"specversion", "1.0"},
                        {"id", public_event_id(event)},
                        {"source", "/tenants/" + std::string(tenant)},
                        {"type", event.topic},
                        {"time", to_rfc3339(event.time)}};
  if (!event.user.empty() && is_attribute_text(event.user)) attributes.emplace_back("userid", event.user);
  if (!event.scope.empty()) attributes.emplace_back("scope", event.scope);
  return attributes;
}

// HTTP protocol binding 1.0.2, 3.1.3.2: space, double quote, percent and everything outside printable ASCII is
// percent-encoded, byte by byte of its UTF-8.
void append_header_value(std::string& line, std::string_view value) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x21 && byte <= 0x7e && c != '"' && c != '%') {
      line += c;
    } else {
      line += '%';
      line += kHex[byte >> 4];
      line += kHex[byte & 0xf];
    }
  }
}

}  // namespace

Rendered render_cloudevents_structured(const Event& event, std::string_view tenant) {
  const std::string_view payload = payload_of(event);
  Rendered rendered;
  std::string& body = rendered.body;
  body.reserve(payload.size() + event.topic.size() + event.user.size() + tenant.size() + 256);
  body += '{';
  for (const auto& [name, value] : attributes_of(event, tenant)) {
    body += '"';
    body += name;
    body += "\":";
    body += json_quoted(value);
    body += ',';
  }
  body += R"("datacontenttype":"application/json","data":)";
  body += payload;
  body += '}';
  return rendered;
}

Rendered render_cloudevents_binary(const Event& event, std::string_view tenant) {
  Rendered rendered;
  rendered.body = payload_of(event);
  for (const auto& [name, value] : attributes_of(event, tenant)) {
    rendered.header_lines += "ce-";
    rendered.header_lines += name;
    rendered.header_lines += ": ";
    append_header_value(rendered.header_lines, value);
    rendered.header_lines += "\r\n";
  }
  return rendered;
}

}  // namespace posthorn::domain
