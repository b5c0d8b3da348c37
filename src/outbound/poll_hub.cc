#include "outbound/poll_hub.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace posthorn::outbound {

PollHub::Place PollHub::enter(SubscriptionKey subscription, EventLoop& loop) {
  const std::lock_guard lock(mutex_);
  if (waiting_.load(std::memory_order_relaxed) >= kPollWaitersMax) return {};
  Waiters& mine = waiters_[subscription];
  if (mine.size() >= kPollWaitersPerSubscriptionMax) return {};
  auto waiter = std::make_shared<Waiter>();
  waiter->loop = &loop;
  mine.push_back(waiter);
  waiting_.fetch_add(1);
  return {*this, subscription, std::move(waiter)};
}

void PollHub::leave(SubscriptionKey subscription, const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  const auto found = waiters_.find(subscription);
  std::erase(found->second, waiter);
  if (found->second.empty()) waiters_.erase(found);
  waiting_.fetch_sub(1);
}

void PollHub::wake(const Waiters& waiters) {
  for (const auto& waiter : waiters) {
    waiter->loop->post([waiter] {
      waiter->woken = true;
      if (waiter->on_wake) std::exchange(waiter->on_wake, nullptr)();
    });
  }
}

void PollHub::wake(SubscriptionKey subscription) {
  // A reader that enters after this look reads the store after it, and so after the commit.
  if (waiting_.load() == 0) return;
  const std::lock_guard lock(mutex_);
  if (const auto found = waiters_.find(subscription); found != waiters_.end()) wake(found->second);
}

void PollHub::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& [subscription, waiters] : waiters_) wake(waiters);
}

}  // namespace posthorn::outbound
