#include <boost/json/array.hpp>

#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {

namespace bj = boost::json;
using json::ObjectReader;

// Not in this version: only the value that means none.
void read_predicates(ObjectReader& reader, SubscriptionSettings&) {
  for (const auto name : {"include", "exclude"}) {
    const bj::array* array = reader.array(name, 1000);
    if (array != nullptr && !array->empty()) {
      reader.fail(invalid(reader.field(name), "is not available in this version", "not_available"));
    }
  }
}

void write_predicates(const SubscriptionSettings&, bj::object& object) {
  object["include"] = bj::array();
  object["exclude"] = bj::array();
}

}  // namespace posthorn::domain
