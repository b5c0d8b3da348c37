#include "outbound/order_horizon.h"

namespace posthorn::outbound {

OrderHorizon::PassagePtr OrderHorizon::enter(TenantKey tenant, IdSource& ids) {
  const std::lock_guard lock(mutex_);
  const EventKey event{ids.next_key()};
  events_[tenant].insert(event);
  on_the_way_.fetch_add(1, std::memory_order_release);
  return std::make_shared<const Passage>(*this, tenant, event);
}

OrderHorizon::PassagePtr OrderHorizon::enter(TenantKey tenant, EventKey event) {
  const std::lock_guard lock(mutex_);
  events_[tenant].insert(event);
  on_the_way_.fetch_add(1, std::memory_order_release);
  return std::make_shared<const Passage>(*this, tenant, event);
}

OrderHorizon::PassagePtr OrderHorizon::hold_all() { return enter(TenantKey{}, EventKey{}); }

EventKey OrderHorizon::below(TenantKey tenant) const {
  constexpr EventKey kAll{std::numeric_limits<std::int64_t>::max()};
  if (on_the_way_.load(std::memory_order_acquire) == 0) return kAll;
  const std::lock_guard lock(mutex_);
  if (events_.contains(TenantKey{})) return EventKey{};
  const auto found = events_.find(tenant);
  return found == events_.end() ? kAll : EventKey{found->second.begin()->value + 1};
}

void OrderHorizon::when_moved(EventLoop& loop, UniqueFunction<void()> moved) {
  const std::lock_guard lock(mutex_);
  waiters_.push_back({&loop, std::move(moved)});
}

void OrderHorizon::leave(TenantKey tenant, EventKey event) {
  std::vector<Waiter> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = events_.find(tenant);
    found->second.erase(found->second.find(event));
    if (found->second.empty()) events_.erase(found);
    on_the_way_.fetch_sub(1, std::memory_order_release);
    waiters.swap(waiters_);
  }
  for (auto& waiter : waiters) waiter.loop->post(std::move(waiter.moved));
}

}  // namespace posthorn::outbound
