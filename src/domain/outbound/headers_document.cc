#include "base/text.h"
#include "domain/outbound/subscription_parts.h"
#include "net/http.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

bool is_reserved_header(std::string_view name) {
  const std::string lower = to_ascii_lower(name);
  return net::is_transport_header(name) || lower.starts_with("webhook-") || lower == "content-type" ||
         lower == "content-encoding" || lower == "traceparent";
}

}  // namespace

void read_headers(ObjectReader& reader, SubscriptionSettings& settings) {
  const bj::object* object = reader.object("headers");
  if (object == nullptr) return;
  if (object->size() > kCustomHeadersMax) {
    return reader.fail(
        invalid(reader.field("headers"), "must have at most " + std::to_string(kCustomHeadersMax) + " members", "too_long"));
  }
  std::vector<Header> headers;
  for (const auto& [key, value] : *object) {
    const std::string_view name = key;
    const std::string field = reader.field("headers") + "/" + std::string(name);
    if (!net::is_header_name(name)) return reader.fail(invalid(field, "is not a header name"));
    if (is_reserved_header(name)) return reader.fail(invalid(field, "is a header that the server sets itself"));
    if (!value.is_string()) return reader.fail(invalid(field, "must be a string", "wrong_type"));
    const std::string_view text = value.get_string();
    if (name.size() + text.size() > kCustomHeaderBytesMax) return reader.fail(invalid(field, "is too long", "too_long"));
    if (!net::is_header_value(text)) return reader.fail(invalid(field, "has a character that a header value cannot have"));
    for (const auto& earlier : headers) {
      if (equals_ignoring_case(earlier.name, name)) return reader.fail(invalid(field, "is there twice"));
    }
    headers.push_back({std::string(name), std::string(text)});
  }
  settings.headers = std::move(headers);
}

void write_headers(const SubscriptionSettings& settings, bj::object& object) {
  bj::object headers;
  for (const auto& header : settings.headers) headers[header.name] = header.value;
  object["headers"] = std::move(headers);
}

}  // namespace posthorn::domain
