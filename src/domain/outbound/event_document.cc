#include "domain/outbound/event_document.h"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "json/reader.h"

namespace posthorn::domain {

namespace bj = boost::json;

EventDocument::EventDocument(const Event& event, std::string_view tenant, std::size_t steps)
    : event_(event), tenant_(tenant), steps_(steps) {}
EventDocument::~EventDocument() = default;

const bj::value& EventDocument::value() {
  if (value_) return *value_;
  value_ = std::make_unique<bj::value>(bj::object());
  auto& object = value_->get_object();
  object.reserve(7);
  object["id"] = public_event_id(event_);
  object["topic"] = event_.topic;
  object["tenant"] = tenant_;
  object["time"] = to_rfc3339(event_.time);
  if (!event_.user.empty()) object["userId"] = event_.user;
  if (!event_.scope.empty()) object["scope"] = event_.scope;
  if (auto data = json::parse_last_counts(event_.payload)) object["data"] = std::move(*data);
  return *value_;
}

std::optional<std::string> EventDocument::key_of(const json::JsonPath& path) {
  const bj::value* node = path.find(value());
  return node == nullptr ? std::nullopt : json::scalar_key(*node);
}

}  // namespace posthorn::domain
