// PeerFilter: which addresses this server may connect to. On by default and on every outgoing connection.
//
// Default-deny: only public unicast addresses pass: IPv4 outside the special-purpose ranges, IPv6 inside 2000::/3 outside its
// special-purpose ranges (IANA special-purpose address registries, RFC 6890). IPv4 inside IPv6 (mapped, compatible, NAT64,
// 6to4, Teredo, ISATAP) is refused. The operator's allow list opens single networks and switches nothing else off.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::net {

// An IPv4 or IPv6 address as bytes in network order.
struct IpAddress {
  bool is_v6 = false;
  std::array<std::uint8_t, 16> bytes{};  // IPv4 uses the first four

  static std::optional<IpAddress> parse(std::string_view text);  // plain spellings only; no zone ids
  std::string text() const;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct Network {
  IpAddress address;
  int prefix = 0;

  // "10.0.0.0/8", "::1/128", or a bare address. Errors name `field`. Bits beyond the prefix must be zero.
  static Result<Network> parse(std::string_view text, std::string field);
  bool contains(const IpAddress& other) const;
};

class PeerFilter {
 public:
  PeerFilter() = default;
  explicit PeerFilter(std::vector<Network> allowed) : allowed_(std::move(allowed)) {}

  bool allows(const IpAddress& address) const;

 private:
  std::vector<Network> allowed_;
};

// Whether the address is public unicast by the rule above. Pure.
bool is_public_unicast(const IpAddress& address);

}  // namespace posthorn::net
