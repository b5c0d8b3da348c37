// Small text codecs: base64 (RFC 4648, with padding), lower-case hexadecimal, UTF-8 checking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthorn {

std::string base64_encode(std::string_view bytes);

// Strict: the standard alphabet, right length, right padding, zero trailing bits; nothing for anything else.
std::optional<std::string> base64_decode(std::string_view text);

// Base64 for URLs (RFC 4648, 5), without padding; as strict.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

std::string hex_encode(std::string_view bytes);
std::optional<std::string> hex_decode(std::string_view text);

bool is_valid_utf8(std::string_view text);

// ASCII only: what header names and host names need.
char ascii_lower(char c);
std::string to_ascii_lower(std::string_view text);
bool equals_ignoring_case(std::string_view left, std::string_view right);

// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text);

}  // namespace posthorn
