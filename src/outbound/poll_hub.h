// PollHub: readers of poll subscriptions that wait for something to read, of all loops, and those who wake them.
//
// Use: enter(), then read the store, then wait until the waiter is woken or the time is over. Whoever commits something to be
// read calls wake() after the commit, so what a reader did not see wakes it.
// Concurrency: thread-safe; a Waiter's members belong to the loop that entered.
// Limits: kPollWaitersMax, kPollWaitersPerSubscriptionMax; beyond them enter() answers nothing.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/event_loop.h"
#include "base/ids.h"

namespace posthorn::outbound {

class PollHub {
 public:
  struct Waiter {
    EventLoop* loop = nullptr;
    bool woken = false;
    std::function<void()> on_wake;  // run once when it is woken; may be set after it was
  };

  // A place among the waiting; leaves when it is destroyed.
  class Place {
   public:
    Place() = default;
    Place(PollHub& hub, SubscriptionKey subscription, std::shared_ptr<Waiter> waiter)
        : hub_(&hub), subscription_(subscription), waiter_(std::move(waiter)) {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) = delete;
    ~Place() {
      if (waiter_) hub_->leave(subscription_, waiter_);
    }
    explicit operator bool() const { return waiter_ != nullptr; }
    Waiter& waiter() { return *waiter_; }

   private:
    PollHub* hub_ = nullptr;
    SubscriptionKey subscription_;
    std::shared_ptr<Waiter> waiter_;
  };

  // Nothing when too many wait.
  Place enter(SubscriptionKey subscription, EventLoop& loop);
  void wake(SubscriptionKey subscription);

  // Shutdown: wakes everybody; closed() readers do not wait any more.
  void close();
  bool closed() const { return closed_.load(std::memory_order_relaxed); }

  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  using Waiters = std::vector<std::shared_ptr<Waiter>>;

  void leave(SubscriptionKey subscription, const std::shared_ptr<Waiter>& waiter);
  static void wake(const Waiters& waiters);

  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  std::unordered_map<SubscriptionKey, Waiters> waiters_;
};

}  // namespace posthorn::outbound
