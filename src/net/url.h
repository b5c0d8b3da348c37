// Url: the one reading of a target URL. What the API shows, what the peer filter checks and where the client connects all
// come from this value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::net {

struct Url {
  enum class Scheme : std::uint8_t { http, https };
  Scheme scheme = Scheme::http;
  std::string host;  // lower case; an IPv6 literal without its brackets
  bool host_is_address = false;
  std::uint16_t port = 0;  // always set (80, 443)
  std::string target;      // path and query, at least "/"

  std::string authority() const;  // for Host: brackets put back, the scheme's own port left out
  std::string origin() const;     // scheme://host:port
  std::string text() const;

  friend bool operator==(const Url&, const Url&) = default;
};

// Accepts absolute http and https URLs of at most kUrlBytesMax bytes. Refuses, naming `field`: other schemes, userinfo,
// fragments, empty or over-long hosts, port 0, characters outside RFC 3986 (spaces, controls, backslashes, non-ASCII), and
// every odd spelling of an address: IPv4 that is not four plain decimal numbers (octal, hexadecimal, short, full-width), hosts
// whose last label is a number, percent-encoded hosts, IPv6 zone ids, trailing dots on addresses.
Result<Url> parse_url(std::string_view text, std::string field);

// Whether `name` is written as a host name (RFC 1123): labels of letters, digits and inner hyphens, at most 253 bytes.
bool is_host_name(std::string_view name);

}  // namespace posthorn::net
