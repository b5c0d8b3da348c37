// The words for text that is not JSON: what is wrong, and in which line and column.
#pragma once

#include <boost/json/error.hpp>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace posthorn::json {

// `at`: the offset of the first byte that cannot be. Kind malformed, code "malformed_json"; "unsupported_json" when it is JSON
// by its grammar, but nested too deep, with a number that no double holds, or with half of a surrogate pair.
Error syntax_error(std::string_view text, std::size_t at, const boost::json::error_code& code);

// Kind malformed, code "duplicate_member"; `path` is the second member's.
Error duplicate_member(std::string path, std::string_view name);

// Refuses what double cannot hold. `value` is the parser's approximation of the number written as `text`; on success it is the
// nearest double (Boost.JSON 1.81 may be off by a few units in the last place).
bool read_double(std::string_view text, double& value);

}  // namespace posthorn::json
