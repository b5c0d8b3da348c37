// W3C Trace Context: the traceparent header (https://www.w3.org/TR/trace-context/, level 1).
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"

namespace posthorn::observe {

// Version 00 form with lower-case hex, ids not all zero; later versions are accepted when their first 55 characters are
// well-formed.
bool is_traceparent(std::string_view text);

// A new trace, sampled flag set.
std::string make_traceparent(Random& random);

}  // namespace posthorn::observe
