// I-Regexp (RFC 9485), the regular expressions of JSONPath's match() and search(), as RE2.
//
// `^` and `$` outside a class are anchors, as the public compliance suite of JSONPath has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace posthorn::json {

inline constexpr std::size_t kPatternBytesMax = 1024;
inline constexpr std::int64_t kPatternMemoryBytes = 128 * 1024;  // compiled
inline constexpr std::size_t kPatternGroupDepthMax = 50;

// The same expression in RE2's syntax; nothing when it is not an I-Regexp.
std::optional<std::string> to_re2(std::string_view i_regexp);

// Null when RE2 refuses it or it is larger than kPatternMemoryBytes. `why`: RE2's words then.
std::unique_ptr<re2::RE2> compile_re2(std::string_view pattern, std::string* why = nullptr);

}  // namespace posthorn::json
