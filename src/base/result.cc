#include "base/result.h"

#include <stdexcept>

namespace posthorn {

void throw_exception_from_error(const Error& error, const boost::source_location& place) {
  throw std::logic_error("value() of a failed Result at " + place.to_string() + ": " + error.message);
}

}  // namespace posthorn
