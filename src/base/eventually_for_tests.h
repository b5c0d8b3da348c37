// Waiting for a condition that another thread or process makes true. For tests only.
#pragma once

#include <chrono>
#include <thread>

namespace posthorn {

// More than a busy machine needs; a test that fails is the only one that waits so long.
inline constexpr std::chrono::seconds kEventually{60};

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kEventually;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace posthorn
