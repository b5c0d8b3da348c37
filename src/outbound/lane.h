// Lane: one subscription's queue, as plain state: what is due, what waits, what is out, and when the store must be asked.
//
// Place: LaneSet owns lanes and carries out what they decide; a lane does no I/O and reads no clock (times are schedule time).
// Memory: a bounded window of the subscription's pending deliveries is here, the rest stays in the store and is paged in as the
//   window empties. `store_next()` says when the store holds something to do that is not here.
// No delivery is ever in the window twice, nor sent again after it was recorded, although pages are read beside the writer and
//   new work arrives on another way than pages do: see accept() and loaded().
// Breaker: after kBreakerFailures unreachable attempts in a row nothing is sent for a pause that doubles up to
//   kBreakerPauseMax; then one probe decides. Any HTTP answer closes it.
// Concurrency: belongs to one loop.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/limits.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/delivery.h"

namespace posthorn::outbound {

using Work = domain::PendingDelivery;

class Lane {
 public:
  explicit Lane(SubscriptionKey subscription) : subscription_(subscription) {}

  SubscriptionKey subscription() const { return subscription_; }

  // New work that the store has committed. It is kept, or left to the store when the window is full or older work is there.
  void accept(Work work, Timestamp now);

  // The store holds pending deliveries of this lane, the earliest due at `due`.
  void expect_in_store(Timestamp due);

  // The store has `count` more deliveries of this lane that are due (a job made them): they come by pages.
  void left_in_store(std::uint32_t count, Timestamp now);

  // The next delivery to attempt, when the lane may attempt one now. It counts as out until answered().
  std::optional<Work> take(Timestamp now);

  // An attempt's answer came; its slot is free. Its record is still on the way.
  void answered(const domain::AttemptOutcome& outcome, Timestamp now);

  // The attempt is recorded: the delivery is over, or waits until `due`.
  void finished(DeliveryKey delivery);
  void retry_later(Work work, Timestamp due);

  // An attempt that will not be recorded (shutdown): the delivery leaves the window, the store still has it.
  void abandoned(DeliveryKey delivery);

  // Cancelled by hand: leaves the window unless it is out.
  void cancelled(DeliveryKey delivery);

  // The event's payload is gone: its deliveries leave the window unless they are out.
  void expunged(EventKey event);

  // Paging. When wants_load(): begin_load() says how many to read (from the first pending on, of any due time), and loaded()
  // takes the page; `more`: the page ended before the store's pending deliveries did.
  bool wants_load(Timestamp now) const;
  std::uint32_t begin_load();
  void loaded(std::vector<Work> page, bool more, Timestamp now);
  void load_failed(Timestamp again_at);

  // A paused lane attempts nothing and reads nothing (its subscription is disabled).
  void pause();
  void resume() { paused_ = false; }
  bool paused() const { return paused_; }

  // When take() or wants_load() may become true by time alone.
  std::optional<Timestamp> next_wake(Timestamp now) const;

  // Deliveries that could run now but wait for a free slot: what the gate counts. 0 for a sick or stalled lane.
  std::ptrdiff_t runnable(Timestamp now) const;

  bool sick() const { return unreachable_in_row_ >= kBreakerFailures; }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t in_memory() const { return ready_.size() + waiting_.size(); }
  const std::optional<Timestamp>& store_next() const { return store_next_; }
  // Nothing in memory, nothing out: the lane may be forgotten (store_next() must be remembered).
  bool empty() const { return known_.empty() && !loading_; }

  // For LaneSet's bookkeeping.
  std::ptrdiff_t counted = 0;
  Timestamp last_used;

 private:
  std::size_t ready_max() const { return sick() ? kLaneReadySickMax : kLaneReadyMax; }
  bool ready_has_room() const;
  bool may_attempt(Timestamp now) const;
  bool work_in_store_is_due(Timestamp now) const { return store_next_ && *store_next_ <= now; }
  void leave_in_store(Timestamp due);
  void keep_ready(Work work);
  void keep_waiting(Work work);
  void wake_waiting(Timestamp now);
  void trim_ready();
  void forget(DeliveryKey delivery);

  SubscriptionKey subscription_;
  std::deque<Work> ready_;                  // due, in the order to attempt
  std::multimap<Timestamp, Work> waiting_;  // by due time
  std::unordered_set<DeliveryKey> known_;   // ready, waiting, out, or on the way to their record
  std::size_t bytes_ = 0;                   // payload bytes of ready_
  std::size_t in_flight_ = 0;
  std::size_t limit_ = kLaneConcurrencyFirst;
  bool paused_ = false;

  std::optional<Timestamp> store_next_;
  std::size_t left_in_store_ = 0;  // estimate of due work that only the store has
  bool loading_ = false;
  bool left_while_loading_ = false;
  std::unordered_set<DeliveryKey> finished_while_loading_;
  DeliveryKey paged_through_;  // the largest key that any page has shown

  int unreachable_in_row_ = 0;
  Milliseconds breaker_pause_{kBreakerPauseFirst};
  Timestamp breaker_until_;
  Timestamp last_progress_;
};

}  // namespace posthorn::outbound
