#include "base/text.h"
#include "domain/outbound/subscription_parts.h"
#include "net/http.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

bool read_header_list(ObjectReader& reader, std::string_view member, std::vector<Header>& target) {
  const bj::object* object = reader.object(member);
  if (object == nullptr) return false;
  const auto fail = [&reader](Error error) {
    reader.fail(std::move(error));
    return false;
  };
  if (object->size() > kCustomHeadersMax) {
    return fail(
        invalid(reader.field(member), "must have at most " + std::to_string(kCustomHeadersMax) + " members", "too_long"));
  }
  std::vector<Header> headers;
  for (const auto& [key, value] : *object) {
    const std::string_view name = key;
    const std::string field = reader.field(member) + "/" + std::string(name);
    if (!net::is_header_name(name)) return fail(invalid(field, "is not a header name"));
    if (is_reserved_header(name)) return fail(invalid(field, "is a header that the server sets itself"));
    if (!value.is_string()) return fail(invalid(field, "must be a string", "wrong_type"));
    const std::string_view text = value.get_string();
    if (name.size() + text.size() > kCustomHeaderBytesMax) return fail(invalid(field, "is too long", "too_long"));
    if (!net::is_header_value(text)) return fail(invalid(field, "has a character that a header value cannot have"));
    for (const auto& earlier : headers) {
      if (equals_ignoring_case(earlier.name, name)) return fail(invalid(field, "is there twice"));
    }
    headers.push_back({std::string(name), std::string(text)});
  }
  target = std::move(headers);
  return true;
}

void read_headers(ObjectReader& reader, SubscriptionSettings& settings) {
  (void)read_header_list(reader, "headers", settings.headers);
}

void write_headers(const SubscriptionSettings& settings, bj::object& object) {
  bj::object headers;
  for (const auto& header : settings.headers) headers[header.name] = header.value;
  object["headers"] = std::move(headers);
}

}  // namespace posthorn::domain
