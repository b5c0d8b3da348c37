// Keys and ids.
//
// A *key* is the row's 63-bit number: it increases with time, so rows are appended to their tables. An *id* is what the
// outside sees: a UUIDv7 (RFC 9562) that carries the key's bits plus 52 random bits (`salt`) that the row keeps, so that a
// lookup by id needs no second index and ids cannot be guessed.
//
//   key   41 bits: milliseconds since 2020-01-01 UTC | 12 bits: sequence | 10 bits: origin (the node's slot)
//   id    48 bits: Unix milliseconds | version 7 | 12 bits: sequence | variant | 10 bits: origin | 52 bits: salt
#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace posthorn {

// A strong integer: keys of different things do not mix. The value 0 means "none".
template <class Tag>
struct NamedKey {
  std::int64_t value = 0;
  constexpr auto operator<=>(const NamedKey&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

template <class Tag>
struct NamedId {
  NamedKey<Tag> key;
  std::uint64_t salt = 0;  // 52 bits
  constexpr auto operator<=>(const NamedId&) const = default;
};

using TenantKey = NamedKey<struct TenantTag>;
using TopicKey = NamedKey<struct TopicTag>;
using ScopeKey = NamedKey<struct ScopeTag>;
using SubscriptionKey = NamedKey<struct SubscriptionTag>;
using EventKey = NamedKey<struct EventTag>;
using DeliveryKey = NamedKey<struct DeliveryTag>;
using AccountKey = NamedKey<struct AccountTag>;
using GrantKey = NamedKey<struct GrantTag>;
using IssuerKey = NamedKey<struct IssuerTag>;
using AuditKey = NamedKey<struct AuditTag>;
using AutomationKey = NamedKey<struct AutomationTag>;

using SubscriptionId = NamedId<struct SubscriptionTag>;
using EventId = NamedId<struct EventTag>;
using DeliveryId = NamedId<struct DeliveryTag>;
using AccountId = NamedId<struct AccountTag>;
using GrantId = NamedId<struct GrantTag>;
using IssuerId = NamedId<struct IssuerTag>;
using AuditId = NamedId<struct AuditTag>;

inline constexpr std::uint64_t kSaltMask = (std::uint64_t{1} << 52) - 1;

// The 36 characters of the UUID, lower case.
std::string id_text(std::int64_t key, std::uint64_t salt);
template <class Tag>
std::string to_text(NamedId<Tag> id) {
  return id_text(id.key.value, id.salt);
}

// Nothing unless `text` is a UUIDv7 in the 36-character form (either case) whose time is within a key's range.
struct RawId {
  std::int64_t key;
  std::uint64_t salt;
};
std::optional<RawId> parse_raw_id(std::string_view text);
template <class Id>
std::optional<Id> parse_id(std::string_view text) {
  const auto raw = parse_raw_id(text);
  if (!raw) return std::nullopt;
  return Id{{raw->key}, raw->salt};
}

// The time in a key, and the smallest key of a time (for cut-offs).
Timestamp key_time(std::int64_t key);
std::int64_t first_key_at(Timestamp time);

// The origins from here on make no keys of their own: rows that are made later than the rows they belong to, and must stand
// near them, take keys of these.
inline constexpr std::int64_t kLateOrigin = 512;
// The next larger key with such an origin.
std::int64_t late_key_after(std::int64_t key);

// Makes keys and ids that never repeat and always increase, also when the clock goes back. Thread-safe.
class IdSource {
 public:
  // `origin`: this node's slot, 0 to kLateOrigin - 1. `above`: the largest key in use (0 for none).
  IdSource(const Clock& clock, std::uint64_t seed, std::uint16_t origin = 0, std::int64_t above = 0);

  template <class Id>
  Id next() {
    return Id{{next_key()}, next_salt()};
  }
  std::int64_t next_key();
  std::uint64_t next_salt();

 private:
  const Clock& clock_;
  const std::uint16_t origin_;
  std::atomic<std::int64_t> last_;
  std::mutex random_mutex_;
  SeededRandom random_;
};

}  // namespace posthorn

template <class Tag>
struct std::hash<posthorn::NamedKey<Tag>> {
  std::size_t operator()(posthorn::NamedKey<Tag> key) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(key.value) * 0x9e3779b97f4a7c15);
  }
};
