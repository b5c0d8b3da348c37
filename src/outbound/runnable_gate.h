// RunnableGate: how many deliveries could run now but wait, over all lanes; and the hold on publishers when they are too many.
//
// Lanes count themselves in and out (work that waits for a sick endpoint is never counted); publishers wait here, each on its
// own loop. The gate closes at kRunnableMax, opens at kRunnableResume, and wakes everybody when it opens.
// Concurrency: thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "base/event_loop.h"

namespace posthorn::outbound {

class RunnableGate {
 public:
  void add(std::ptrdiff_t by);  // negative: taken out
  std::ptrdiff_t runnable() const { return runnable_.load(std::memory_order_relaxed); }
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  // Calls `done` on `loop` once the gate is open (at once when it is).
  void when_open(EventLoop& loop, UniqueFunction<void()> done);

 private:
  struct Waiter {
    EventLoop* loop;
    UniqueFunction<void()> done;
  };

  void open();

  std::atomic<std::ptrdiff_t> runnable_{0};
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  std::vector<Waiter> waiters_;
};

}  // namespace posthorn::outbound
