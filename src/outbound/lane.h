// Lane: one subscription's queue, as plain state: what is due, what waits, what is out, and when the store must be asked.
//
// Place: LaneSet owns lanes and carries out what they decide; a lane does no I/O and reads no clock (times are schedule time).
// Memory: a bounded window of the subscription's pending deliveries is here, the rest stays in the store and is paged in as the
//   window empties. `store_next()` says when the store holds something to do that is not here.
// No delivery is ever in the window twice, nor sent again after it was recorded, although pages are read beside the writer and
//   new work arrives on another way than pages do: see accept() and loaded().
// Order: work with an order key stands in a LaneSequences beside the rest, and goes one after the other in its sequence.
// Limits: a lane attempts nothing beyond its LaneRules, nor faster than its endpoint asks for (domain::Pace). Work that waits
//   for one of these is not runnable.
// Breaker: after kBreakerFailures unreachable attempts in a row nothing is sent for a pause that doubles up to
//   kBreakerPauseMax; then one probe decides. Any HTTP answer closes it, and the endpoint is led back
//   to full speed (domain::Ramp).
// Concurrency: belongs to one loop.
#pragma once

#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/limits.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/delivery.h"
#include "domain/outbound/pace.h"
#include "domain/outbound/ramp.h"
#include "domain/outbound/token_bucket.h"
#include "outbound/lane_sequences.h"

namespace posthorn::outbound {

using Work = domain::PendingDelivery;

// What its subscription's settings ask of a lane.
struct LaneRules {
  std::size_t concurrency_max = kLaneConcurrencyMax;
  std::optional<domain::TokenBucket> rate;
  std::optional<domain::Batching> batching;
};
LaneRules rules_of(const domain::SubscriptionSettings& settings);

class Lane {
 public:
  explicit Lane(SubscriptionKey subscription) : subscription_(subscription) {}

  SubscriptionKey subscription() const { return subscription_; }
  void set_rules(LaneRules rules);

  // New work that the store has committed. It is kept, or left to the store when the window is full or older work is there.
  void accept(Work work, Timestamp now);

  // The store holds pending deliveries of this lane, the earliest due at `due`.
  void expect_in_store(Timestamp due);
  void expect_ordered_in_store(Timestamp at) { sequences_.expect_in_store(at); }

  // The store has `count` more deliveries of this lane that are due (a job made them): they come by pages.
  void left_in_store(std::uint32_t count, Timestamp now);

  // The next delivery to attempt, when the lane may attempt one now. One request is out until answered(). Of ordered work,
  // nothing of an event from `below` on: older events may still be on their way (OrderHorizon).
  std::optional<Work> take(Timestamp now, EventKey below = kNoHorizon);
  // What goes with it in the same request, as the batching rule says.
  std::vector<Work> take_rest(const Work& first, Timestamp now, EventKey below = kNoHorizon);

  // A request's answer came; its slot is free. The records of its deliveries are still on the way.
  void answered(const domain::AttemptOutcome& outcome, Timestamp started, Timestamp now);

  // The attempt is recorded: the delivery is over, or waits until `due`.
  void finished(const Work& work, Timestamp now);
  void retry_later(Work work, Timestamp due, Timestamp now);

  // A request that will not be recorded (shutdown): its slot is free; its deliveries leave the window, the store has them.
  void slot_freed();
  // Nor one that this machine had no socket for: nothing else is started before `until`, when the store is asked again.
  void not_sent(Timestamp until);
  void abandoned(const Work& work, Timestamp now);

  // Cancelled by hand: leaves the window unless it is out.
  void cancelled(DeliveryKey delivery, Timestamp now);

  // Paging. When wants_load(): begin_load() says how many to read (from the first pending on, of any due time), and loaded()
  // takes the page; `more`: the page ended before the store's pending deliveries did.
  bool wants_load(Timestamp now) const;
  std::uint32_t begin_load();
  void loaded(std::vector<Work> page, bool more, Timestamp now);
  void load_failed(Timestamp again_at);
  // The same for ordered work.
  bool wants_ordered_load(Timestamp now) const;
  store::LoadOrdered begin_ordered_load(Timestamp now);
  void ordered_loaded(store::OrderedPage page, Timestamp now) { sequences_.loaded(std::move(page), now, ready_max()); }
  void ordered_load_failed(Timestamp again_at) { sequences_.load_failed(again_at); }

  // A paused lane attempts nothing and reads nothing (its subscription is disabled).
  void pause(Timestamp now);
  void resume() { paused_ = false; }
  bool paused() const { return paused_; }

  // When take() or wants_load() may become true by time alone.
  std::optional<Timestamp> next_wake(Timestamp now) const;

  // Deliveries that could run now but wait for a free slot: what the gate counts. 0 for a sick or stalled lane.
  std::ptrdiff_t runnable(Timestamp now) const;

  bool sick() const { return unreachable_in_row_ >= kBreakerFailures; }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t in_memory() const { return ready_.size() + waiting_.size() + sequences_.in_memory(); }
  // Whether work is there that take() would give but for the limits; and whether it would (unless it is held()).
  bool has_ready(Timestamp now) const;
  bool may_take(Timestamp now) const;
  // Whether ordered work waits for older events only.
  bool held(Timestamp now, EventKey below) const { return may_attempt(now) && sequences_.held(now, below); }
  const std::optional<Timestamp>& store_next() const { return store_next_; }
  const std::optional<Timestamp>& ordered_next() const { return sequences_.store_next(); }
  // Nothing in memory, nothing out, no limit that still holds: the lane may be forgotten (store_next() and ordered_next() must
  // be remembered).
  bool may_be_forgotten(Timestamp now) const;
  bool empty() const { return known_.empty() && !loading_ && sequences_.empty(); }

  static constexpr EventKey kNoHorizon{std::numeric_limits<std::int64_t>::max()};

  // For LaneSet's bookkeeping.
  std::ptrdiff_t counted = 0;
  Timestamp last_used;

 private:
  std::size_t ready_max() const { return sick() ? kLaneReadySickMax : kLaneReadyMax; }
  bool ready_has_room() const;
  bool may_attempt(Timestamp now) const { return has_slot() && earliest_start(now) <= now; }
  bool has_slot() const;
  Timestamp earliest_start(Timestamp now) const;
  std::optional<Timestamp> batch_at() const;
  std::optional<Work> take_free();
  bool work_in_store_is_due(Timestamp now) const { return store_next_ && *store_next_ <= now; }
  void leave_in_store(Timestamp due);
  void keep_ready(Work work);
  void keep_waiting(Work work);
  void wake_waiting(Timestamp now);
  void trim_ready(Timestamp now);
  void forget(DeliveryKey delivery);

  SubscriptionKey subscription_;
  LaneRules rules_;
  LaneSequences sequences_;
  bool ordered_turn_ = false;               // both halves have work: they take turns
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
  domain::TokenBucket::Kept bucket_ = 0;
  domain::Pace pace_;
  std::optional<domain::Ramp> ramp_;
};

}  // namespace posthorn::outbound
