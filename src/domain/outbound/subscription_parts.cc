#include "domain/outbound/subscription_parts.h"

#include "base/text.h"
#include "domain/outbound/event.h"
#include "net/http.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

bool is_reserved_header(std::string_view name) {
  const std::string lower = to_ascii_lower(name);
  return net::is_transport_header(name) || lower.starts_with("webhook-") || lower == "content-type" ||
         lower == "content-encoding" || lower == "traceparent" || lower == kHopsHeader;
}

std::string item_field(const ObjectReader& reader, std::string_view name, std::size_t index) {
  return reader.field(name) + "/" + std::to_string(index);
}

void refuse_empty(ObjectReader& reader, std::string_view name) {
  const bj::value* value = reader.member(name);
  if (value != nullptr && value->is_string() && value->get_string().empty()) {
    reader.fail(invalid(reader.field(name), "must not be empty: null takes it away", "too_short"));
  }
}

bool read_texts(ObjectReader& reader, std::string_view name, std::size_t items_max, std::vector<std::string>& target) {
  const bj::array* array = reader.array(name, items_max);
  if (array == nullptr) return false;
  std::vector<std::string> texts;
  for (const auto& item : *array) {
    if (!item.is_string()) {
      reader.fail(invalid(item_field(reader, name, texts.size()), "must be a string", "wrong_type"));
      return false;
    }
    texts.emplace_back(item.get_string());
  }
  target = std::move(texts);
  return true;
}

}  // namespace posthorn::domain
