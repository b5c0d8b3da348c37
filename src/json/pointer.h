// Paths of members as Error::field has them: JSON pointers (RFC 6901) without the leading slash.
#pragma once

#include <string>
#include <string_view>

namespace posthorn::json {

// `path` + "/" + `name`, with ~ and / of the name escaped; the name alone when `path` is empty.
std::string join_path(std::string_view path, std::string_view name);

// For messages: at most 64 bytes, cut between characters.
std::string shortened(std::string_view name);

}  // namespace posthorn::json
