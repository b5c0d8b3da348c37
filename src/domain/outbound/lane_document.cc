#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

// Not in this version: only the value that means none.
void read_lane(ObjectReader& reader, SubscriptionSettings&) {
  if (const auto* order = reader.member("order"); order != nullptr && *order != bj::value("none")) {
    reader.fail(invalid(reader.field("order"), "is not available in this version (only \"none\")", "not_available"));
  }
  if (const auto* rate = reader.member("rateLimit"); rate != nullptr && !rate->is_null()) {
    reader.fail(invalid(reader.field("rateLimit"), "is not available in this version (only null)", "not_available"));
  }
}

void write_lane(const SubscriptionSettings&, bj::object& object) {
  object["order"] = "none";
  object["rateLimit"] = nullptr;
}

}  // namespace posthorn::domain
