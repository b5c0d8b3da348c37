#include "access/throttle.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/crypto.h"
#include "net/peer_filter.h"

namespace posthorn::access {

Throttle::Throttle(ThrottleLimits limits)
    : limits_(limits),
      seed_(crypto::random_bytes(16)),
      sets_max_(std::max<std::size_t>(1, (limits.names_max + kWays - 1) / kWays)) {}

std::uint64_t Throttle::digest(std::string_view name) const {
  const auto hash = crypto::sha256(seed_ + std::string(name));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = (value << 8) | hash[i];
  return value == 0 ? 1 : value;
}

std::uint32_t Throttle::failures_of(const Slot& slot, SteadyTime now) const {
  if (now <= slot.at) return slot.failures;
  const auto refilled = (now - slot.at) / limits_.refill;
  return refilled >= slot.failures ? 0 : slot.failures - static_cast<std::uint32_t>(refilled);
}

const Throttle::Slot* Throttle::find(std::uint64_t name) const {
  if (sets_.empty()) return nullptr;
  for (const Slot& slot : sets_[name % sets_max_]) {
    if (slot.name == name) return &slot;
  }
  return nullptr;
}

std::optional<std::chrono::seconds> Throttle::wait_time(std::string_view name, SteadyTime now) const {
  const std::uint64_t key = digest(name);
  const std::lock_guard lock(mutex_);
  const Slot* slot = find(key);
  if (slot == nullptr || failures_of(*slot, now) < limits_.burst) return std::nullopt;
  return std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(limits_.refill));
}

void Throttle::failed(std::string_view name, SteadyTime now) {
  const std::uint64_t key = digest(name);
  const std::lock_guard lock(mutex_);
  if (sets_.empty()) sets_.resize(sets_max_);
  Set& set = sets_[key % sets_max_];
  auto slot = std::find_if(set.begin(), set.end(), [&](const Slot& one) { return one.name == key; });
  if (slot == set.end()) {
    slot = std::min_element(set.begin(), set.end(), [&](const Slot& left, const Slot& right) {
      return failures_of(left, now) < failures_of(right, now);
    });
    *slot = {key, 0, now};
  }
  const std::uint32_t before = failures_of(*slot, now);
  // The part of a refill that has passed is kept, unless the bucket was full.
  const auto passed = (now - slot->at) % limits_.refill;
  slot->at = before == 0 ? now : now - passed;
  slot->failures = std::min(before + 1, limits_.burst);
}

void Throttle::forgive(std::string_view name) {
  const std::uint64_t key = digest(name);
  const std::lock_guard lock(mutex_);
  if (sets_.empty()) return;
  for (Slot& slot : sets_[key % sets_max_]) {
    if (slot.name == key) slot = {};
  }
}

std::string throttled_address(std::string_view peer) {
  std::string_view host = peer.substr(0, peer.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto address = net::IpAddress::parse(host);
  if (!address || !address->is_v6) return std::string(host);
  return hex_encode({reinterpret_cast<const char*>(address->bytes.data()), 8}) + "/64";
}

}  // namespace posthorn::access
