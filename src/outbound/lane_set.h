// LaneSet: all lanes of one out-loop; carries out what they decide.
//
// Place: handed work by Handover (new events), Fanout and DeliveryService; reads and records through its own store session;
// sends
//   through Transport. Writes per delivered event here: one (the outcome).
// Lifecycle: start() reads which lanes have work; drain() stops new attempts and calls back when every attempt has been
// answered
//   and recorded.
// Isolation: a lane holds at most kLaneConcurrencyMax attempts and a bounded window; nothing is shared between lanes but the
//   loop's time. While the store cannot record, no new attempt starts (it could not be told from one never made).
// Concurrency: everything on the loop, except where said.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/random.h"
#include "observe/metrics.h"
#include "outbound/catalogue.h"
#include "outbound/lane.h"
#include "outbound/ports.h"
#include "outbound/prepared.h"
#include "outbound/render_cache.h"
#include "outbound/runnable_gate.h"
#include "store/store.h"

namespace posthorn::outbound {

class LaneSet {
 public:
  LaneSet(EventLoop& loop, store::Session& session, Catalogue& catalogue, Transport& transport, const Clock& clock,
          RunnableGate& gate, observe::Metrics& metrics, std::uint64_t seed);
  ~LaneSet();
  LaneSet(const LaneSet&) = delete;
  LaneSet& operator=(const LaneSet&) = delete;

  // `leases`: the shards whose lanes are ours. Calls `done` when the store has said which lanes have work.
  void start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done);

  void accept(std::vector<Work> work);
  // A job made `count` deliveries pending in the store.
  void left_in_store(SubscriptionKey subscription, std::uint32_t count);
  void cancelled(SubscriptionKey subscription, DeliveryKey delivery);
  // The event's payload is gone: nothing of it stays in memory but what is being sent.
  void expunged(EventKey event);
  // Told of every recorded attempt and what became of its delivery. Set before start().
  using OutcomeListener = std::function<void(const Work&, const store::RecordAttempt&, domain::DeliveryState)>;
  void on_outcome(OutcomeListener listener) { outcome_ = std::move(listener); }
  void subscription_changed(SubscriptionKey subscription);

  // New attempts stop; `done` once nothing is out or unrecorded. Work that remains stays in the store.
  void drain(UniqueFunction<void()> done);

  // Any thread.
  std::size_t in_flight() const { return in_flight_shown_.load(std::memory_order_relaxed); }
  std::size_t lanes() const { return lanes_shown_.load(std::memory_order_relaxed); }
  std::size_t in_memory() const { return in_memory_shown_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    Lane lane;
    std::optional<Prepared> prepared;
    std::optional<Timestamp> wake;  // its entry in wakes_
    explicit Slot(SubscriptionKey key) : lane(key) {}
  };

  Slot& slot(SubscriptionKey subscription);
  bool prepare_slot(Slot& slot);
  void cancel_rest(SubscriptionKey subscription);
  void service(Slot& slot);
  void start_attempt(Slot& slot, Work work);
  void attempt_answered(SubscriptionKey subscription, Work work, Timestamp wall_start, SteadyTime start, AttemptAnswer answer);
  void record(Work work, store::RecordAttempt write);
  void recorded(Work work, store::RecordAttempt write, Result<store::RecordedAttempt> result);
  void count_attempt(const Work& work, const store::RecordAttempt& write);
  void request_load(Slot& slot);
  void start_loads();
  void load_done(SubscriptionKey subscription, std::size_t limit, Result<std::vector<Work>> page);
  void set_wake(Slot& slot, std::optional<Timestamp> at);
  void arm();
  void on_alarm();
  void tick();
  void settle_count(Slot& slot, Timestamp now);
  void forget_idle(Timestamp now);
  void check_drained();
  bool may_start() const;
  std::int64_t epoch_of(std::uint32_t shard) const { return epochs_[shard]; }

  store::Session& session_;
  Catalogue& catalogue_;
  Transport& transport_;
  const Clock& clock_;
  RunnableGate& gate_;
  observe::Metrics& metrics_;
  SeededRandom random_;

  std::array<std::int64_t, kShardCount> epochs_{};  // 0: not ours
  std::unordered_map<SubscriptionKey, std::unique_ptr<Slot>> slots_;
  std::set<std::pair<Timestamp, SubscriptionKey>> wakes_;    // of slots and of sleeping lanes
  std::unordered_map<SubscriptionKey, Timestamp> sleeping_;  // lanes with nothing but store work for later
  std::vector<SubscriptionKey> load_queue_;
  std::size_t loads_running_ = 0;
  std::set<SubscriptionKey> cancelling_;  // deleted ones whose pending deliveries are being cancelled
  RenderCache rendered_;
  OutcomeListener outcome_;
  std::deque<EventKey> expunged_;                                 // the latest: pages that were read before may still show them
  std::vector<std::pair<Work, store::RecordAttempt>> unwritten_;  // records that the store could not take yet
  std::size_t in_flight_ = 0;
  std::size_t unrecorded_ = 0;
  bool store_takes_ = true;  // false from a record that was refused until one is taken
  bool draining_ = false;
  UniqueFunction<void()> drained_;
  std::unique_ptr<Alarm> alarm_;
  std::unique_ptr<Alarm> tick_;
  std::atomic<std::size_t> in_flight_shown_{0};
  std::atomic<std::size_t> lanes_shown_{0};
  std::atomic<std::size_t> in_memory_shown_{0};
};

}  // namespace posthorn::outbound
