// Throttle: how often something that failed may be tried again, for each of many names, in a fixed amount of memory.
//
// Each name has a bucket of `burst` failures that refills by one every `refill`. Names are kept as seeded digests in a
// set-associative table: when a set is full, the name that has failed least gives way, so that a flood of names costs no
// memory and the worst ones are remembered.
// Concurrency: any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace posthorn::access {

struct ThrottleLimits {
  std::uint32_t burst = 30;
  std::chrono::milliseconds refill = std::chrono::seconds(2);
  std::size_t names_max = 16'384;  // rounded up to whole sets
};

class Throttle {
 public:
  explicit Throttle(ThrottleLimits limits);

  // Nothing when the name may try; otherwise how long it should wait, at least a second.
  std::optional<std::chrono::seconds> wait_time(std::string_view name, SteadyTime now) const;
  void failed(std::string_view name, SteadyTime now);
  void forgive(std::string_view name);

 private:
  static constexpr std::size_t kWays = 4;
  struct Slot {
    std::uint64_t name = 0;  // 0: free
    std::uint32_t failures = 0;
    SteadyTime at;  // when `failures` was right
  };
  using Set = std::array<Slot, kWays>;

  std::uint64_t digest(std::string_view name) const;
  std::uint32_t failures_of(const Slot& slot, SteadyTime now) const;
  const Slot* find(std::uint64_t name) const;

  const ThrottleLimits limits_;
  const std::string seed_;
  mutable std::mutex mutex_;
  const std::size_t sets_max_;
  std::vector<Set> sets_;  // empty until something fails
};

// The address of "1.2.3.4:567" or "[2001:db8::1]:567" as a name for throttling: an IPv6 address counts as its network of 64
// bits, for who has one address there has them all. The text itself when it is neither.
std::string throttled_address(std::string_view peer);

}  // namespace posthorn::access
