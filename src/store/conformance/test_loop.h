// TestLoop: an EventLoop that the test's own thread runs, for stores with threads. No timers.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/check.h"
#include "base/event_loop.h"

namespace posthorn::store::conformance {

class TestLoop final : public EventLoop {
 public:
  void post(UniqueFunction<void()> work) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(work));
    }
    wake_.notify_one();
  }
  std::unique_ptr<Alarm> make_alarm(UniqueFunction<void()>) override { POSTHORN_CHECK(false); }

  // Runs one piece of work; false when none came before the deadline.
  bool run_one(std::chrono::steady_clock::time_point deadline) {
    UniqueFunction<void()> work;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait_until(lock, deadline, [this] { return !queue_.empty(); })) return false;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
    return true;
  }
  // Runs what is queued until `condition` holds; false when it did not within `patience`.
  template <class Condition>
  bool run_until(Condition condition, std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (!run_one(deadline)) return condition();
    }
    return true;
  }
  // Runs what is queued now, waiting for nothing.
  void run_queued() {
    while (run_one(std::chrono::steady_clock::time_point::min())) {
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<UniqueFunction<void()>> queue_;
};

}  // namespace posthorn::store::conformance
