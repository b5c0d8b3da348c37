// LaneSet: all lanes of one out-loop; carries out what they decide.
//
// Place: handed work by Handover (new events), Fanout and DeliveryService; reads and records through its own store session;
// sends
//   through Transport. Writes per delivered event here: one (the outcome).
// Lifecycle: start() reads which lanes have work; drain() stops new attempts and calls back when every attempt has been
// answered
//   and recorded.
// Isolation: a lane holds at most kLaneConcurrencyMax attempts and a bounded window; nothing is shared between lanes but the
//   loop's time, which they get in turns by priority (RunQueue), and their tenant's rate limit, likewise. While the store
//   cannot record, no new attempt starts (it could not be told from one never made).
// Concurrency: everything on the loop, except where said.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/random.h"
#include "domain/outbound/health.h"
#include "observe/metrics.h"
#include "outbound/catalogue.h"
#include "outbound/lane.h"
#include "outbound/lane_shared.h"
#include "outbound/notices.h"
#include "outbound/ports.h"
#include "outbound/prepared.h"
#include "outbound/render_cache.h"
#include "outbound/run_queue.h"
#include "store/store.h"

namespace posthorn::outbound {

class LaneSet {
 public:
  LaneSet(EventLoop& loop, store::Session& session, Catalogue& catalogue, Transport& transport, const Clock& clock,
          LaneShared& shared, observe::Metrics& metrics, std::uint64_t seed);
  ~LaneSet();
  LaneSet(const LaneSet&) = delete;
  LaneSet& operator=(const LaneSet&) = delete;

  // Publishes notices from now on; `sink` takes over their deliveries after the commit. Before start().
  void tell_by(Notices& notices, WorkSink sink);

  // `leases`: the shards whose lanes are ours. Calls `done` when the store has said which lanes have work.
  void start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done);

  void accept(std::vector<Work> work);
  // A job made `count` deliveries pending in the store.
  void left_in_store(SubscriptionKey subscription, std::uint32_t count);
  void cancelled(SubscriptionKey subscription, DeliveryKey delivery);
  // The event's payload is gone (its deliveries are cancelled one by one): nothing of it is rendered or read any more.
  void expunged(EventKey event);
  void subscription_changed(SubscriptionKey subscription);

  // New attempts stop; `done` once nothing is out or unrecorded. Work that remains stays in the store.
  void drain(UniqueFunction<void()> done);

  // Any thread.
  std::size_t in_flight() const { return in_flight_shown_.load(std::memory_order_relaxed); }
  std::size_t lanes() const { return lanes_shown_.load(std::memory_order_relaxed); }
  std::size_t in_memory() const { return in_memory_shown_.load(std::memory_order_relaxed); }
  std::size_t failing() const { return failing_shown_.load(std::memory_order_relaxed); }

 private:
  static constexpr auto kStoreRetryTime = std::chrono::seconds(1);

  struct Slot {
    Lane lane;
    std::optional<Prepared> prepared;
    std::optional<Timestamp> wake;  // its entry in wakes_
    TenantKey tenant;
    TenantPacePtr tenant_pace;
    domain::Priority priority = domain::Priority::normal;
    bool waits_for_tenant = false;
    bool was_disabled = false;
    std::optional<double> allowed_per_second;  // by its endpoint, in the handshake
    explicit Slot(SubscriptionKey key) : lane(key) {}
  };
  // Lanes that wait for their tenant's rate limit.
  struct TenantQueue {
    RunQueue lanes;
    std::optional<Timestamp> wake;
  };
  // A lane that is not in memory, but has work in the store.
  struct Asleep {
    std::optional<Timestamp> next;          // when the store has something to do
    std::optional<Timestamp> ordered_next;  // the same for ordered work
    std::optional<Timestamp> wake() const;
  };
  struct Request {
    SubscriptionKey subscription;
    Work work;
    std::vector<Work> rest;  // of its batch
    Timestamp wall_start;
    Timestamp start;
    SteadyTime steady_start;
  };
  struct Recording {
    Work work;
    store::RecordAttempt write;
    std::vector<AcceptedWork> told;  // the deliveries of write.notices
  };
  using RecordingPtr = std::shared_ptr<Recording>;
  struct Load {
    SubscriptionKey subscription;
    bool ordered = false;
    friend bool operator==(const Load&, const Load&) = default;
  };

  Slot& slot(SubscriptionKey subscription, Timestamp now);
  bool prepare_slot(Slot& slot);
  void cancel_rest(SubscriptionKey subscription);
  void service(Slot& slot, Timestamp now);
  void set_rules(Slot& slot);
  void settle(Slot& slot, Timestamp now);
  void run(Slot& slot, int attempts_max, Timestamp now);
  bool start_next(Slot& slot, Timestamp now);
  void wait_for_tenant(Slot& slot);
  void serve_tenant(TenantKey tenant, TenantQueue& queue, Timestamp now);
  void hold(Slot& slot, EventKey below);
  void post_turn();
  void pump();
  void start_attempt(Slot& slot, Work work, std::vector<Work> rest, Timestamp now);
  void attempt_answered(Request request, AttemptAnswer answer);
  void not_sent(Slot& slot, const Request& request, std::string_view detail, Timestamp now);
  RecordingPtr outcome_of(Slot& slot, Work work, const Request& request, const AttemptAnswer& answer, Timestamp now);
  void note_health(Slot& slot, Recording& recording, const domain::AttemptOutcome& outcome);
  void tell(domain::Notice notice, Slot& slot, Recording& recording);
  void record(RecordingPtr recording);
  void write_record(RecordingPtr recording);
  void recorded(RecordingPtr recording, Result<store::RecordedAttempt> result);
  void load_health(UniqueFunction<void(Status)> done);
  void set_health(SubscriptionKey subscription, std::optional<domain::FailingEndpoint> health);
  void count_attempt(const Work& work, const store::RecordAttempt& write);
  void found_at_start(const std::vector<store::LaneWork>& found);
  void request_loads(Slot& slot, Timestamp now);
  void request_load(Load load);
  void start_loads();
  void start_load(Slot& slot);
  void start_ordered_load(Slot& slot);
  void load_done(SubscriptionKey subscription, std::size_t limit, Result<std::vector<Work>> page);
  void ordered_load_done(SubscriptionKey subscription, Result<store::OrderedPage> page);
  void load_ended(Slot& slot, Timestamp now);
  bool was_expunged(const Work& work) const;
  void set_wake(Slot& slot, std::optional<Timestamp> at);
  void arm();
  void on_alarm();
  void tick();
  void settle_count(Slot& slot, Timestamp now);
  void forget_idle(Timestamp now);
  void check_drained();
  bool may_start() const;
  std::int64_t epoch_of(std::uint32_t shard) const { return epochs_[shard]; }

  EventLoop& loop_;
  store::Session& session_;
  Catalogue& catalogue_;
  Transport& transport_;
  const Clock& clock_;
  LaneShared& shared_;
  observe::Metrics& metrics_;
  SeededRandom random_;

  std::array<std::int64_t, kShardCount> epochs_{};  // 0: not ours
  std::unordered_map<SubscriptionKey, std::unique_ptr<Slot>> slots_;
  std::set<std::pair<Timestamp, SubscriptionKey>> wakes_;  // of slots and of sleeping lanes
  std::unordered_map<SubscriptionKey, Asleep> sleeping_;   // lanes with nothing but store work for later
  std::deque<Load> load_queue_;
  RunQueue run_queue_;  // lanes that wait for the loop's time, or for the store to take records
  int turn_left_ = kStartsPerTurn;
  bool turn_posted_ = false;
  std::unordered_map<TenantKey, TenantQueue> tenant_queues_;
  std::unordered_set<SubscriptionKey> held_;  // by the order horizon
  bool horizon_asked_ = false;
  std::size_t loads_running_ = 0;
  std::set<SubscriptionKey> cancelling_;  // deleted ones whose pending deliveries are being cancelled
  RenderCache rendered_;
  std::deque<EventKey> expunged_;  // the latest: pages that were read before may still show them
  std::unordered_map<SubscriptionKey, domain::FailingEndpoint> failing_;
  Notices* notices_ = nullptr;
  WorkSink notice_sink_;
  std::vector<RecordingPtr> unwritten_;  // records that the store could not take yet
  std::size_t in_flight_ = 0;
  std::size_t unrecorded_ = 0;
  SteadyTime shortage_told_until_;
  bool store_takes_ = true;  // false from a record that was refused until one is taken
  bool started_ = false;
  bool draining_ = false;
  UniqueFunction<void()> drained_;
  std::unique_ptr<Alarm> alarm_;
  std::unique_ptr<Alarm> tick_;
  std::shared_ptr<LaneSet*> self_ = std::make_shared<LaneSet*>(this);  // for what may run after the end
  std::atomic<std::size_t> in_flight_shown_{0};
  std::atomic<std::size_t> lanes_shown_{0};
  std::atomic<std::size_t> in_memory_shown_{0};
  std::atomic<std::size_t> failing_shown_{0};
};

}  // namespace posthorn::outbound
