#include "net/peer_filter.h"

#include <gtest/gtest.h>

namespace posthorn::net {
namespace {

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(IpAddress{});
}

Network network(std::string_view text) {
  auto parsed = Network::parse(text, "allow");
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : Network{};
}

// The address `steps` after (or before) another one; nothing when it leaves the family's space.
std::optional<IpAddress> moved(IpAddress from, int steps) {
  int carry = steps;
  for (std::size_t i = from.is_v6 ? 16 : 4; i-- > 0 && carry != 0;) {
    const int sum = from.bytes[i] + carry;
    from.bytes[i] = static_cast<std::uint8_t>(sum & 0xff);
    carry = sum >> 8;
  }
  if (carry != 0) return std::nullopt;
  return from;
}

IpAddress last_of(const Network& n) {
  IpAddress last = n.address;
  for (int bit = n.prefix; bit < (last.is_v6 ? 128 : 32); ++bit) {
    const auto i = static_cast<std::size_t>(bit / 8);
    last.bytes[i] = static_cast<std::uint8_t>(last.bytes[i] | 0x80 >> bit % 8);
  }
  return last;
}

// Something in the middle: every second host bit set.
IpAddress inside_of(const Network& n) {
  IpAddress inside = n.address;
  for (int bit = n.prefix; bit < (inside.is_v6 ? 128 : 32); bit += 2) {
    const auto i = static_cast<std::size_t>(bit / 8);
    inside.bytes[i] = static_cast<std::uint8_t>(inside.bytes[i] | 0x80 >> bit % 8);
  }
  return inside;
}

struct SpecialRange {
  std::string_view network;
  // Whether the neighbour on that side is public; where it is another special range or no address, it is not.
  bool before_is_public;
  bool after_is_public;
};

// Written by hand from reliability classes S1 and S3 and the IANA registries, not taken from the code under test.
constexpr SpecialRange kRanges[] = {
    {"0.0.0.0/8", false, true},
    {"10.0.0.0/8", true, true},
    {"100.64.0.0/10", true, true},
    {"127.0.0.0/8", true, true},
    {"168.63.129.16/32", true, true},
    {"169.254.0.0/16", true, true},
    {"172.16.0.0/12", true, true},
    {"192.0.0.0/24", true, true},
    {"192.0.2.0/24", true, true},
    {"192.31.196.0/24", true, true},
    {"192.52.193.0/24", true, true},
    {"192.88.99.0/24", true, true},
    {"192.168.0.0/16", true, true},
    {"192.175.48.0/24", true, true},
    {"198.18.0.0/15", true, true},
    {"198.51.100.0/24", true, true},
    {"203.0.113.0/24", true, true},
    {"224.0.0.0/4", true, false},
    {"240.0.0.0/4", false, false},
    {"255.255.255.255/32", false, false},
    {"::/128", false, false},
    {"::1/128", false, false},
    {"::/96", false, false},
    {"::ffff:0:0/96", false, false},
    {"::ffff:0:0:0/96", false, false},
    {"64:ff9b::/96", false, false},
    {"64:ff9b:1::/48", false, false},
    {"100::/64", false, false},
    {"::/3", false, true},
    {"2001::/32", true, false},
    {"2001::/23", true, true},
    {"2001:2::/48", false, false},
    {"2001:10::/28", false, false},
    {"2001:20::/28", false, false},
    {"2001:db8::/32", true, true},
    {"2002::/16", true, true},
    {"2620:4f:8000::/48", true, true},
    {"3fff::/20", true, true},
    {"4000::/2", true, false},
    {"5f00::/16", false, false},
    {"8000::/1", false, false},
    {"fc00::/7", false, false},
    {"fe80::/10", false, false},
    {"fec0::/10", false, false},
    {"ff00::/8", false, false},
    {"2a00:1450:4001:81b:0:5efe::/96", true, true},
    {"2a00:1450:4001:81b:200:5efe::/96", true, true},
};

TEST(PeerFilter, RefusesEverySpecialRangeAtItsFirstLastAndInnerAddresses) {
  for (const auto& range : kRanges) {
    const auto n = network(range.network);
    for (const auto& special :
         {n.address, *moved(n.address, n.prefix == 128 || n.prefix == 32 ? 0 : 1), inside_of(n), last_of(n)}) {
      EXPECT_FALSE(is_public_unicast(special)) << special.text() << " of " << range.network;
      EXPECT_FALSE(PeerFilter().allows(special)) << special.text() << " of " << range.network;
    }
  }
}

TEST(PeerFilter, PassesTheNearestPublicNeighboursOfEverySpecialRange) {
  for (const auto& range : kRanges) {
    const auto n = network(range.network);
    const auto before = moved(n.address, -1);
    const auto after = moved(last_of(n), 1);
    EXPECT_EQ(before && is_public_unicast(*before), range.before_is_public) << "before " << range.network;
    EXPECT_EQ(after && is_public_unicast(*after), range.after_is_public) << "after " << range.network;
  }
}

TEST(PeerFilter, RefusesIpv4InsideIpv6AndOtherKnownTargets) {
  for (const std::string_view text : {
           "::ffff:127.0.0.1",
           "::ffff:8.8.8.8",
           "::127.0.0.1",
           "::8.8.8.8",
           "64:ff9b::7f00:1",
           "64:ff9b::808:808",
           "64:ff9b:1::a9fe:a9fe",
           "2002:7f00:1::",
           "2002:0808:0808::1",
           "2001:0:4136:e378:8000:63bf:3fff:fdd2",
           "fe80::5efe:7f00:1",
           "2a00:1450::5efe:7f00:1",
           "2a00:1450::200:5efe:a9fe:a9fe",
           "169.254.169.254",
           "100.100.100.200",
           "fd00:ec2::254",
           "0.0.0.0",
           "255.255.255.255",
           "::",
           "::1",
       }) {
    EXPECT_FALSE(is_public_unicast(address(text))) << text;
  }
}

TEST(PeerFilter, PassesOrdinaryPublicAddresses) {
  for (const std::string_view text :
       {"1.1.1.1", "8.8.8.8", "93.184.216.34", "223.255.255.255", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "2001:200::", "2003::1",
        "2000::", "3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2a00:1450::100:5efe:1:1"}) {
    EXPECT_TRUE(is_public_unicast(address(text))) << text;
  }
}

TEST(PeerFilter, AnAllowListOpensItsNetworksAndNothingElse) {
  const PeerFilter filter({network("10.77.0.2"), network("fd00:1::/32")});
  EXPECT_TRUE(filter.allows(address("10.77.0.2")));
  EXPECT_TRUE(filter.allows(address("fd00:1:ffff::1")));
  EXPECT_TRUE(filter.allows(address("8.8.8.8")));
  for (const std::string_view text : {"10.77.0.1", "10.77.0.3", "127.0.0.1", "169.254.169.254", "::ffff:10.77.0.2", "fd00:2::1",
                                      "::10.77.0.2", "64:ff9b::a4d:2", "2002:a4d:2::"}) {
    EXPECT_FALSE(filter.allows(address(text))) << text;
  }
}

TEST(PeerFilter, AllOfIpv4AllowedStillRefusesIpv6) {
  const PeerFilter filter({network("0.0.0.0/0")});
  EXPECT_TRUE(filter.allows(address("127.0.0.1")));
  EXPECT_FALSE(filter.allows(address("::1")));
  EXPECT_FALSE(filter.allows(address("::ffff:127.0.0.1")));
}

TEST(IpAddress, ReadsPlainSpellingsOnly) {
  for (const std::string_view text :
       {"1.2.3.4", "255.255.255.255", "::", "::1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"}) {
    const auto parsed = IpAddress::parse(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->text(), text);
  }
  EXPECT_EQ(address("2001:DB8:0:0:0:0:0:1").text(), "2001:db8::1");
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      "1"sv,
                                      "127.1"sv,
                                      "127.0.1"sv,
                                      "0177.0.0.1"sv,
                                      "127.0.0.01"sv,
                                      "0x7f.0.0.1"sv,
                                      "2130706433"sv,
                                      "1.2.3.4."sv,
                                      ".1.2.3.4"sv,
                                      "1.2.3.4.5"sv,
                                      "256.1.1.1"sv,
                                      "1.2.3.-4"sv,
                                      "+1.2.3.4"sv,
                                      " 1.2.3.4"sv,
                                      "1.2.3.4 "sv,
                                      "1.2.3.4\0"sv,
                                      "1.2.3.4\0x"sv,
                                      "1..3.4"sv,
                                      "fe80::1%lo"sv,
                                      "fe80::1%1"sv,
                                      "[::1]"sv,
                                      ":::"sv,
                                      "1::2::3"sv,
                                      "12345::"sv,
                                      "g::"sv,
                                      "1:2:3:4:5:6:7"sv,
                                      "1:2:3:4:5:6:7:8:9"sv,
                                      "::1.2.3"sv,
                                      "::1.2.3.4.5"sv,
                                      "::01.2.3.4"sv,
                                      "①②⑦.⓪.⓪.①"sv,
                                      "127。0。0。1"sv,
                                      "0000:0000:0000:0000:0000:0000:255.255.255.2550000"sv}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

TEST(Network, ReadsNetworksAndNamesTheField) {
  EXPECT_EQ(network("10.0.0.0/8").prefix, 8);
  EXPECT_EQ(network("1.2.3.4").prefix, 32);
  EXPECT_EQ(network("::1").prefix, 128);
  EXPECT_EQ(network("0.0.0.0/0").prefix, 0);
  EXPECT_EQ(network("fd00::/8").prefix, 8);
  for (const std::string_view text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8 ", "10.0.0.1/8", "10.0.0.0/8/8",
        "::/129", "fd00::1/8", "host/8", "10.0.0.0/255.0.0.0", "10/8", "10.0.0.0/1000000000000"}) {
    const auto parsed = Network::parse(text, "peers/0");
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_EQ(parsed.error().field, "peers/0");
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_argument);
  }
}

TEST(Network, ContainsIsExactAtItsEdges) {
  const auto n = network("172.16.0.0/12");
  EXPECT_TRUE(n.contains(address("172.16.0.0")));
  EXPECT_TRUE(n.contains(address("172.31.255.255")));
  EXPECT_FALSE(n.contains(address("172.15.255.255")));
  EXPECT_FALSE(n.contains(address("172.32.0.0")));
  EXPECT_FALSE(n.contains(address("::ffff:172.16.0.1")));
  EXPECT_TRUE(network("::/0").contains(address("ffff::")));
  EXPECT_FALSE(network("::/0").contains(address("1.2.3.4")));
}

}  // namespace
}  // namespace posthorn::net
