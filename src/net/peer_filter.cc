#include "net/peer_filter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace posthorn::net {
namespace {

// Longer than any plain spelling (INET6_ADDRSTRLEN counts the final zero).
constexpr std::size_t kAddressTextMax = INET6_ADDRSTRLEN - 1;

struct Range {
  std::string_view first;
  int prefix;
};

// IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates) plus multicast (RFC 5771) and class E.
// The globally reachable entries (AS112, AMT) are here too: no webhook endpoint lives there. Clouds' other metadata addresses
// (169.254.169.254, 169.254.170.2, 100.100.100.200, 192.0.0.192, fd00:ec2::254) stand in special-purpose ranges.
constexpr Range kSpecialV4[] = {
    {"0.0.0.0", 8},        // this network
    {"10.0.0.0", 8},       // private
    {"100.64.0.0", 10},    // carrier-grade NAT, RFC 6598
    {"127.0.0.0", 8},      // loopback
    {"169.254.0.0", 16},   // link-local, cloud metadata
    {"172.16.0.0", 12},    // private
    {"192.0.0.0", 24},     // IETF protocol assignments
    {"192.0.2.0", 24},     // documentation
    {"192.31.196.0", 24},  // AS112-v4
    {"192.52.193.0", 24},  // AMT
    {"192.88.99.0", 24},   // 6to4 relay anycast
    {"192.168.0.0", 16},   // private
    {"192.175.48.0", 24},  // AS112 direct delegation
    {"198.18.0.0", 15},    // benchmarking
    {"198.51.100.0", 24},  // documentation
    {"203.0.113.0", 24},   // documentation
    {"224.0.0.0", 4},      // multicast
    {"240.0.0.0", 4},      // reserved, and limited broadcast

    // Public space, but every virtual machine of Azure has its host's inner service there: metadata, keys, settings.
    {"168.63.129.16", 32},
};

// Only global unicast, 2000::/3 (RFC 4291), is open at all; these are the special ranges within it.
constexpr Range kGlobalUnicastV6 = {"2000::", 3};
constexpr Range kSpecialV6[] = {
    {"2001::", 23},          // IETF protocol assignments: Teredo, benchmarking, ORCHID, …
    {"2001:db8::", 32},      // documentation
    {"2002::", 16},          // 6to4
    {"2620:4f:8000::", 48},  // AS112 direct delegation
    {"3fff::", 20},          // documentation, RFC 9637
};

Network network_of(const Range& range) {
  const auto address = IpAddress::parse(range.first);
  POSTHORN_CHECK(address.has_value());
  return {*address, range.prefix};
}

template <std::size_t N>
std::array<Network, N> networks_of(const Range (&ranges)[N]) {
  std::array<Network, N> networks;
  std::transform(std::begin(ranges), std::end(ranges), networks.begin(), network_of);
  return networks;
}

// RFC 5214, 6.1: interface identifiers 0000:5efe or 0200:5efe followed by an IPv4 address.
bool is_isatap(const IpAddress& address) {
  const auto& b = address.bytes;
  return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe;
}

bool any_contains(const auto& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& n) { return n.contains(address); });
}

bool has_bits_beyond(const IpAddress& address, int prefix) {
  const int bits = address.is_v6 ? 128 : 32;
  for (int bit = prefix; bit < bits; ++bit) {
    if ((address.bytes[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

// A plain decimal number without leading zeros.
std::optional<int> parse_prefix(std::string_view text, int max) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.empty() || text.size() > kAddressTextMax || text.find('\0') != std::string_view::npos) return std::nullopt;
  char terminated[kAddressTextMax + 1] = {};
  std::memcpy(terminated, text.data(), text.size());
  IpAddress address;
  address.is_v6 = text.find(':') != std::string_view::npos;
  // inet_pton, unlike inet_aton, takes plain spellings only: four decimal numbers without leading zeros; no zone ids.
  if (inet_pton(address.is_v6 ? AF_INET6 : AF_INET, terminated, address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  POSTHORN_CHECK(inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), buffer, sizeof buffer) != nullptr);
  return buffer;
}

Result<Network> Network::parse(std::string_view text, std::string field) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return invalid(std::move(field), "not an IP address or network: write 10.0.0.0/8 or fd00::/8");
  const int bits = address->is_v6 ? 128 : 32;
  if (slash == std::string_view::npos) return Network{*address, bits};
  const auto prefix = parse_prefix(text.substr(slash + 1), bits);
  if (!prefix) return invalid(std::move(field), "the prefix length must be a number from 0 to " + std::to_string(bits));
  if (has_bits_beyond(*address, *prefix)) {
    return invalid(std::move(field), "the address has bits set beyond its prefix length");
  }
  return Network{*address, *prefix};
}

bool Network::contains(const IpAddress& other) const {
  if (other.is_v6 != address.is_v6) return false;
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole), other.bytes.begin())) {
    return false;
  }
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const int mask = 0xff << (8 - rest) & 0xff;
  return (address.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

bool PeerFilter::allows(const IpAddress& address) const {
  return is_public_unicast(address) || any_contains(allowed_, address);
}

bool is_public_unicast(const IpAddress& address) {
  static const auto special_v4 = networks_of(kSpecialV4);
  static const auto special_v6 = networks_of(kSpecialV6);
  static const auto global_v6 = network_of(kGlobalUnicastV6);
  if (!address.is_v6) return !any_contains(special_v4, address);
  return global_v6.contains(address) && !any_contains(special_v6, address) && !is_isatap(address);
}

}  // namespace posthorn::net
