// I-Regexp (RFC 9485), the regular expressions of JSONPath's match() and search(), as RE2.
//
// `^` and `$` outside a class are anchors, as the public compliance suite of JSONPath has them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace posthorn::json {

inline constexpr std::size_t kPatternGroupDepthMax = 50;

// The same expression in RE2's syntax; nothing when it is not an I-Regexp or longer than kPatternBytesMax (pattern.h).
std::optional<std::string> to_re2(std::string_view i_regexp);

}  // namespace posthorn::json
