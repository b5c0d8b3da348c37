// Polling: reading and acknowledging a poll subscription's deliveries. One per in-loop.
//
// The store keeps one mark for each subscription: what is acknowledged. Whoever reads without a cursor starts behind it, so
// what was read and not acknowledged (a consumer that crashed) is read again. Two consumers of one subscription read the same;
// two that must each get everything take a subscription each.
#pragma once

#include "base/clock.h"
#include "base/event_loop.h"
#include "domain/outbound/subscription.h"
#include "net/task.h"
#include "outbound/poll_hub.h"
#include "store/store.h"

namespace posthorn::outbound {

class Polling {
 public:
  Polling(EventLoop& loop, store::Session& session, const Clock& clock, PollHub& hub);

  // What stands behind `after`; when there is nothing, waits for it up to `wait`, and then answers an empty page. Errors:
  // unavailable (too_many_waiters, or the store).
  net::Task<Result<store::PolledPage>> poll(store::PollDeliveries query, Milliseconds wait);

  // Everything up to `through` is delivered; answers how many that made. In bounded steps from the first on: when a step fails,
  // those before it stay acknowledged, and the call may be repeated.
  net::Task<Result<std::uint64_t>> acknowledge(SubscriptionKey subscription, std::int64_t through);

 private:
  net::Task<Result<store::PolledPage>> read(store::PollDeliveries query);
  net::Task<> wait_for_news(PollHub::Waiter& waiter, SteadyTime until);

  EventLoop& loop_;
  store::Session& session_;
  const Clock& clock_;
  PollHub& hub_;
};

}  // namespace posthorn::outbound
