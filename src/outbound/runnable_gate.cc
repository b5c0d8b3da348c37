#include "outbound/runnable_gate.h"

#include "base/limits.h"

namespace posthorn::outbound {

void RunnableGate::add(std::ptrdiff_t by) {
  const std::ptrdiff_t now = runnable_.fetch_add(by, std::memory_order_relaxed) + by;
  if (now >= static_cast<std::ptrdiff_t>(kRunnableMax)) {
    closed_.store(true, std::memory_order_relaxed);
  } else if (now <= static_cast<std::ptrdiff_t>(kRunnableResume) && closed_.load(std::memory_order_relaxed)) {
    open();
  }
}

void RunnableGate::when_open(EventLoop& loop, UniqueFunction<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    if (closed()) {
      waiters_.push_back({&loop, std::move(done)});
      return;
    }
  }
  done();
}

void RunnableGate::open() {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    closed_.store(false, std::memory_order_relaxed);
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) waiter.loop->post(std::move(waiter.done));
}

}  // namespace posthorn::outbound
