// Words for errors: paths as Error::field has them (JSON pointers, RFC 6901, without the leading slash), names, numbers.
#pragma once

#include <string>
#include <string_view>

namespace posthorn::json {

// `path` + "/" + `name`, with ~ and / of the name escaped; the name alone when `path` is empty.
std::string join_path(std::string_view path, std::string_view name);

// For messages: at most 64 bytes, cut between characters.
std::string shortened(std::string_view name);

// The shortest text that reads back as the number; whole numbers without an exponent.
std::string number_words(long double value);

}  // namespace posthorn::json
