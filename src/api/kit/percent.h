// Percent-encoding in paths and queries (RFC 3986, 2.1). Decoded exactly once, after splitting; '+' is itself, not a space.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace posthorn::api {

// Errors: malformed, for a '%' that two hexadecimal digits do not follow, and for bytes that are not UTF-8 once decoded.
Result<std::string> percent_decode(std::string_view text);

// The parameters of a query string, decoded, in order. Errors: malformed (encoding, more than kQueryParametersMax);
// invalid_argument, naming a parameter that is there twice.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;
Result<QueryPairs> parse_query(std::string_view query);

}  // namespace posthorn::api
