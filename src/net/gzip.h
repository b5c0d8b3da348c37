// gunzip: takes gzip off a request body under a bound. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace posthorn::net {

enum class Gunzipped : std::uint8_t { ok, malformed, too_large };

// Decodes all members of `input` (RFC 1952 2.2) into `out`, replacing what it holds. Never makes more than bytes_max + 1 bytes,
// so that a bomb costs no more than an honest body. Bytes behind the last member are malformed.
Gunzipped gunzip(std::string_view input, std::size_t bytes_max, std::string& out);

}  // namespace posthorn::net
