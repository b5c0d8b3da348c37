// Randomness, as an interface: engines and pure functions are given it, so that tests can repeat a run by its seed.
// Never used for keys or secrets: those come from crypto/random_bytes.h.
#pragma once

#include <cstdint>

namespace posthorn {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform over all 64 bits

  // Uniform in [0, 1).
  double fraction() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

// xoshiro256** (public domain algorithm by Blackman and Vigna), seeded by splitmix64. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  std::uint64_t next() override;

 private:
  std::uint64_t state_[4];
};

// A seed from the operating system.
std::uint64_t random_seed();

}  // namespace posthorn
