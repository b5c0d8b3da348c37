#include "outbound/lane_set.h"

#include <algorithm>

#include "base/check.h"
#include "observe/log.h"

namespace posthorn::outbound {
namespace {

constexpr auto kTickTime = 100ms;
constexpr auto kStoreRetryTime = 1s;

using domain::DeliveryState;

}  // namespace

LaneSet::LaneSet(EventLoop& loop, store::Session& session, Catalogue& catalogue, Transport& transport, const Clock& clock,
                 RunnableGate& gate, observe::Metrics& metrics, std::uint64_t seed)
    : session_(session),
      catalogue_(catalogue),
      transport_(transport),
      clock_(clock),
      gate_(gate),
      metrics_(metrics),
      random_(seed),
      alarm_(loop.make_alarm([this] { on_alarm(); })),
      tick_(loop.make_alarm([this] { tick(); })) {}

LaneSet::~LaneSet() {
  for (const auto& [key, slot] : slots_) gate_.add(-slot->lane.counted);
}

void LaneSet::start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done) {
  std::vector<std::uint32_t> shards;
  for (const auto& lease : leases) {
    epochs_[lease.shard] = lease.epoch;
    shards.push_back(lease.shard);
  }
  tick_->set(clock_.steady_now() + kTickTime);
  session_.lanes_with_work(std::move(shards),
                           [this, done = std::move(done)](Result<std::vector<store::LaneWork>> found) mutable {
                             if (!found) return done(std::move(found).error());
                             for (const auto& work : *found) {
                               if (slots_.contains(work.subscription))
                                 continue;  // new work came first; its lane asks the store anyway
                               sleeping_[work.subscription] = work.earliest_due;
                               wakes_.emplace(work.earliest_due, work.subscription);
                             }
                             // Lanes that new work opened meanwhile may have older work in the store too.
                             for (const auto& [key, slot] : slots_) {
                               slot->lane.expect_in_store(clock_.schedule_now());
                               service(*slot);
                             }
                             arm();
                             done({});
                           });
}

LaneSet::Slot& LaneSet::slot(SubscriptionKey subscription) {
  auto& place = slots_[subscription];
  if (!place) {
    place = std::make_unique<Slot>(subscription);
    lanes_shown_.store(slots_.size(), std::memory_order_relaxed);
    if (const auto asleep = sleeping_.find(subscription); asleep != sleeping_.end()) {
      place->lane.expect_in_store(asleep->second);
      wakes_.erase({asleep->second, subscription});
      sleeping_.erase(asleep);
    }
  }
  place->lane.last_used = clock_.schedule_now();
  return *place;
}

void LaneSet::accept(std::vector<Work> work) {
  const Timestamp now = clock_.schedule_now();
  for (std::size_t i = 0; i < work.size();) {
    Slot& lane_slot = slot(work[i].subscription);
    const SubscriptionKey subscription = work[i].subscription;
    for (; i < work.size() && work[i].subscription == subscription; ++i) lane_slot.lane.accept(std::move(work[i]), now);
    service(lane_slot);
  }
  arm();
}

void LaneSet::left_in_store(SubscriptionKey subscription, std::uint32_t count) {
  Slot& lane_slot = slot(subscription);
  lane_slot.lane.left_in_store(count, clock_.schedule_now());
  service(lane_slot);
  arm();
}

void LaneSet::cancelled(SubscriptionKey subscription, DeliveryKey delivery) {
  if (const auto found = slots_.find(subscription); found != slots_.end()) {
    found->second->lane.cancelled(delivery);
    service(*found->second);
  }
}

void LaneSet::expunged(EventKey event) {
  expunged_.push_back(event);
  if (expunged_.size() > kExpungedRememberedMax) expunged_.pop_front();
  rendered_.forget(event);
  for (const auto& [key, slot] : slots_) slot->lane.expunged(event);
  for (const auto& [key, slot] : slots_) service(*slot);
  arm();
}

void LaneSet::subscription_changed(SubscriptionKey subscription) {
  const auto found = slots_.find(subscription);
  if (found == slots_.end() && !sleeping_.contains(subscription)) return;
  Slot& lane_slot = slot(subscription);
  lane_slot.prepared.reset();
  prepare_slot(lane_slot);
  service(lane_slot);
  arm();
}

// Takes the subscription's latest value; a lane without one to deliver to is paused.
bool LaneSet::prepare_slot(Slot& slot) {
  if (slot.prepared) return true;
  const auto subscription = catalogue_.find_subscription(slot.lane.subscription());
  if (!subscription) cancel_rest(slot.lane.subscription());
  if (!subscription || !subscription->settings.enabled || subscription->settings.kind == domain::Kind::poll) {
    slot.lane.pause();
    return false;
  }
  const auto secrets = catalogue_.secrets_of(*subscription);
  auto prepared = secrets ? prepare(subscription, *secrets, catalogue_.tenant_name(subscription->tenant))
                          : Result<Prepared>(secrets.error());
  if (!prepared) {
    observe::log(observe::Level::error, "a subscription cannot be delivered to",
                 {{"subscription", to_text(subscription->id)}, {"reason", prepared.error().message}});
    slot.lane.pause();
    return false;
  }
  slot.prepared = std::move(*prepared);
  slot.lane.resume();
  return true;
}

// Cancels what a deleted subscription still has pending, in bounded steps.
void LaneSet::cancel_rest(SubscriptionKey subscription) {
  if (draining_ || !cancelling_.insert(subscription).second) return;
  ++unrecorded_;
  session_.cancel_deliveries_of({subscription, clock_.schedule_now()}, [this, subscription](Result<std::uint64_t> count) {
    --unrecorded_;
    cancelling_.erase(subscription);
    if (count && *count > 0) cancel_rest(subscription);
    check_drained();
  });
}

bool LaneSet::may_start() const { return !draining_ && store_takes_ && unrecorded_ < kUnrecordedAttemptsMax; }

void LaneSet::service(Slot& slot) {
  const Timestamp now = clock_.schedule_now();
  if (prepare_slot(slot)) {
    while (may_start()) {
      auto work = slot.lane.take(now);
      if (!work) break;
      start_attempt(slot, std::move(*work));
    }
    if (!draining_ && slot.lane.wants_load(now)) request_load(slot);
  }
  set_wake(slot, draining_ ? std::nullopt : slot.lane.next_wake(now));
  settle_count(slot, now);
}

void LaneSet::start_attempt(Slot& slot, Work work) {
  const Prepared& prepared = *slot.prepared;
  const auto& settings = prepared.subscription->settings;
  const Timestamp wall_start = clock_.wall_now();
  const SteadyTime start = clock_.steady_now();

  OutgoingAttempt attempt;
  attempt.url = prepared.url;
  const RenderedPtr rendered = rendered_.find(*work.event, settings.format, prepared.tenant);
  attempt.body = body_for(prepared, rendered, wall_start);
  attempt.deadline = start + settings.timeout;
  attempt.access = prepared.access;
  attempt.header_lines.reserve(prepared.fixed_header_lines.size() + 384);
  attempt.header_lines = prepared.fixed_header_lines;
  attempt.header_lines += rendered->header_lines;
  attempt.header_lines += "traceparent: ";
  attempt.header_lines += work.event->traceparent;
  attempt.header_lines += "\r\n";
  slot.prepared->signer.append_headers(attempt.header_lines, public_event_id(*work.event), wall_start, *attempt.body);

  in_flight_shown_.store(++in_flight_, std::memory_order_relaxed);
  const SubscriptionKey subscription = slot.lane.subscription();
  transport_.send(std::move(attempt),
                  [this, subscription, work = std::move(work), wall_start, start](AttemptAnswer answer) mutable {
                    attempt_answered(subscription, std::move(work), wall_start, start, std::move(answer));
                  });
}

void LaneSet::attempt_answered(SubscriptionKey subscription, Work work, Timestamp wall_start, SteadyTime start,
                               AttemptAnswer answer) {
  in_flight_shown_.store(--in_flight_, std::memory_order_relaxed);
  Slot& lane_slot = slot(subscription);
  if (answer.abandoned) {
    lane_slot.lane.abandoned(work.id.key);
    return check_drained();
  }
  const Timestamp now = clock_.schedule_now();
  lane_slot.lane.answered(answer.outcome, now);

  store::RecordAttempt write;
  const std::uint32_t shard = domain::shard_of(subscription);
  write.lease = {shard, epoch_of(shard)};
  write.delivery = work.id;
  write.subscription = subscription;
  write.at = now;
  write.attempt.number = work.attempts + 1;
  write.attempt.started_at = wall_start;
  write.attempt.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady_now() - start);
  write.attempt.failure = answer.outcome.failure;
  write.attempt.status = answer.outcome.status;
  write.attempt.detail = std::move(answer.detail);
  write.attempt.response = std::move(answer.response);

  // A subscription that was paused or deleted meanwhile has no policy any more: the standard one decides.
  const auto& policy = lane_slot.prepared ? lane_slot.prepared->subscription->settings.retry : domain::standard_retry_policy();
  const auto step = domain::next_step(policy, {write.attempt.number, work.schedule_start}, answer.outcome, random_);
  switch (step.kind) {
    case domain::NextStep::Kind::succeeded:
      write.state = DeliveryState::succeeded;
      break;
    case domain::NextStep::Kind::retry:
      write.state = DeliveryState::pending;
      write.due = now + step.delay;
      write.outside_schedule = step.outside_schedule;
      break;
    case domain::NextStep::Kind::exhausted:
      write.state = DeliveryState::exhausted;
      write.disable_subscription = step.disable_subscription;
      break;
  }
  count_attempt(work, write);
  ++unrecorded_;
  record(std::move(work), std::move(write));
  service(lane_slot);
  arm();
}

void LaneSet::count_attempt(const Work& work, const store::RecordAttempt& write) {
  metrics_.attempts_made.add();
  metrics_.attempt_seconds.observe_seconds(std::chrono::duration<double>(write.attempt.duration).count());
  if (write.attempt.failure != domain::FailureKind::none) {
    metrics_.attempts_failed(domain::to_text(write.attempt.failure)).add();
  }
  if (write.state == DeliveryState::succeeded) {
    metrics_.delivery_seconds.observe_seconds(std::chrono::duration<double>(write.at - work.event->accepted_at).count());
  }
  if (observe::log_enabled(observe::Level::debug)) {
    observe::log(observe::Level::debug, "attempt",
                 {{"delivery", to_text(work.id)},
                  {"event", to_text(work.event->id)},
                  {"topic", work.event->topic},
                  {"number", write.attempt.number},
                  {"status", write.attempt.status},
                  {"failure", domain::to_text(write.attempt.failure)},
                  {"duration_us", write.attempt.duration.count()},
                  {"state", domain::to_text(write.state)}});
  }
}

void LaneSet::record(Work work, store::RecordAttempt write) {
  // The write is kept beside the call: a store that cannot take it now gets it again.
  auto copy = write;
  session_.record_attempt(
      std::move(write), [this, work = std::move(work), copy = std::move(copy)](Result<store::RecordedAttempt> result) mutable {
        recorded(std::move(work), std::move(copy), std::move(result));
      });
}

void LaneSet::recorded(Work work, store::RecordAttempt write, Result<store::RecordedAttempt> result) {
  if (!result && result.error().kind == ErrorKind::unavailable) {
    unwritten_.emplace_back(std::move(work), std::move(write));
    store_takes_ = false;
    tick_->set(clock_.steady_now() + kStoreRetryTime);
    return;
  }
  --unrecorded_;
  store_takes_ = true;
  if (result && outcome_) outcome_(work, write, result->state);
  Slot& lane_slot = slot(write.subscription);
  if (!result) {
    // Fenced: another node has the shard and will deliver what is pending. Not found: its tenant was erased meanwhile. Anything
    // else is damage, and is said once.
    if (result.error().kind != ErrorKind::fenced && result.error().kind != ErrorKind::not_found) {
      observe::log(observe::Level::error, "an attempt could not be recorded",
                   {{"delivery", to_text(work.id)}, {"reason", result.error().message}});
    }
    lane_slot.lane.finished(work.id.key);
  } else if (result->state == DeliveryState::pending) {
    work.attempts = write.attempt.number;
    if (write.outside_schedule) work.schedule_start = work.attempts;
    lane_slot.lane.retry_later(std::move(work), write.due);
  } else {
    lane_slot.lane.finished(work.id.key);
    if (result->state == DeliveryState::succeeded) metrics_.deliveries_succeeded.add();
    if (result->state == DeliveryState::exhausted) metrics_.deliveries_exhausted.add();
  }
  if (result && write.disable_subscription) {
    catalogue_.mark_disabled(write.subscription, "gone");
    lane_slot.prepared.reset();
  }
  service(lane_slot);
  arm();
  check_drained();
}

void LaneSet::request_load(Slot& slot) {
  const SubscriptionKey subscription = slot.lane.subscription();
  if (std::find(load_queue_.begin(), load_queue_.end(), subscription) != load_queue_.end()) return;
  load_queue_.push_back(subscription);
  start_loads();
}

void LaneSet::start_loads() {
  while (loads_running_ < kLoadsAtOnceMax && !load_queue_.empty()) {
    const SubscriptionKey subscription = load_queue_.front();
    load_queue_.erase(load_queue_.begin());
    Slot& lane_slot = slot(subscription);
    if (!lane_slot.lane.wants_load(clock_.schedule_now())) continue;
    ++loads_running_;
    store::LoadPending query;
    query.subscription = subscription;
    query.due_until = Timestamp::max();
    query.limit = lane_slot.lane.begin_load();
    query.payload_bytes_max = kLaneWindowBytesMax;
    session_.load_pending(query, [this, subscription, limit = query.limit](Result<std::vector<Work>> page) {
      load_done(subscription, limit, std::move(page));
    });
  }
}

void LaneSet::load_done(SubscriptionKey subscription, std::size_t limit, Result<std::vector<Work>> page) {
  --loads_running_;
  Slot& lane_slot = slot(subscription);
  const Timestamp now = clock_.schedule_now();
  if (!page) {
    lane_slot.lane.load_failed(now + kStoreRetryTime);
  } else {
    std::size_t bytes = 0;
    for (const auto& work : *page) bytes += work.event->payload.size();
    const bool more = page->size() >= limit || bytes >= kLaneWindowBytesMax;
    std::erase_if(*page, [this](const Work& work) {
      return std::find(expunged_.begin(), expunged_.end(), work.event->id.key) != expunged_.end();
    });
    lane_slot.lane.loaded(std::move(*page), more, now);
  }
  service(lane_slot);
  start_loads();
  arm();
  check_drained();
}

void LaneSet::set_wake(Slot& slot, std::optional<Timestamp> at) {
  if (slot.wake == at) return;
  if (slot.wake) wakes_.erase({*slot.wake, slot.lane.subscription()});
  slot.wake = at;
  if (at) wakes_.emplace(*at, slot.lane.subscription());
}

void LaneSet::arm() {
  if (wakes_.empty() || draining_) return alarm_->clear();
  const auto wait = std::max(wakes_.begin()->first - clock_.schedule_now(), Milliseconds(0));
  alarm_->set(clock_.steady_now() + wait);
}

void LaneSet::on_alarm() {
  const Timestamp now = clock_.schedule_now();
  // A bounded share at a time: what else the loop has to do comes between.
  for (int served = 0; served < 256 && !wakes_.empty() && wakes_.begin()->first <= now; ++served) {
    const auto [at, subscription] = *wakes_.begin();
    Slot& lane_slot = slot(subscription);  // wakes a sleeping lane
    set_wake(lane_slot, std::nullopt);
    service(lane_slot);
  }
  arm();
}

void LaneSet::tick() {
  const Timestamp now = clock_.schedule_now();
  auto again = std::exchange(unwritten_, {});
  for (auto& [work, write] : again) record(std::move(work), std::move(write));
  std::size_t in_memory = 0;
  for (const auto& [key, slot] : slots_) {
    settle_count(*slot, now);
    in_memory += slot->lane.in_memory();
    // Work may have been left lying while the store could not record.
    if (store_takes_ && (slot->lane.in_memory() > 0 && slot->lane.in_flight() == 0)) service(*slot);
  }
  in_memory_shown_.store(in_memory, std::memory_order_relaxed);
  forget_idle(now);
  arm();
  tick_->set(clock_.steady_now() + kTickTime);
}

void LaneSet::settle_count(Slot& slot, Timestamp now) {
  const std::ptrdiff_t count = draining_ ? 0 : slot.lane.runnable(now);
  if (count == slot.lane.counted) return;
  gate_.add(count - slot.lane.counted);
  slot.lane.counted = count;
}

// Lanes without work are kept for a while (their prepared keys are worth it); those with work for later only sleep.
void LaneSet::forget_idle(Timestamp now) {
  for (auto it = slots_.begin(); it != slots_.end();) {
    Slot& candidate = *it->second;
    const bool old = now - candidate.lane.last_used > kLaneIdleTime;
    const bool queued = std::find(load_queue_.begin(), load_queue_.end(), it->first) != load_queue_.end();
    if (!candidate.lane.empty() || queued || !(old || slots_.size() > kLanesIdleMax)) {
      ++it;
      continue;
    }
    set_wake(candidate, std::nullopt);
    gate_.add(-candidate.lane.counted);
    if (const auto next = candidate.lane.store_next()) {
      sleeping_[it->first] = *next;
      // A paused lane sleeps until its subscription changes.
      if (!candidate.lane.paused()) wakes_.emplace(*next, it->first);
    }
    it = slots_.erase(it);
  }
  lanes_shown_.store(slots_.size(), std::memory_order_relaxed);
}

void LaneSet::drain(UniqueFunction<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  alarm_->clear();
  const Timestamp now = clock_.schedule_now();
  for (const auto& [key, slot] : slots_) settle_count(*slot, now);
  check_drained();
}

void LaneSet::check_drained() {
  if (!draining_ || !drained_ || in_flight_ > 0 || unrecorded_ > 0 || loads_running_ > 0) return;
  tick_->clear();
  std::exchange(drained_, nullptr)();
}

}  // namespace posthorn::outbound
