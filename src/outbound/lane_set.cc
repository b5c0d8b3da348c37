#include "outbound/lane_set.h"

#include <algorithm>

#include "base/check.h"
#include "domain/outbound/batch.h"
#include "domain/outbound/webhook_handshake.h"
#include "observe/log.h"
#include "outbound/transforms.h"

namespace posthorn::outbound {
namespace {

constexpr auto kTickTime = 100ms;
constexpr auto kShortagePause = 1s;
constexpr auto kShortageToldTime = 1min;

using domain::DeliveryState;

// A request's webhook-id.
std::string id_of(const Work& first, const std::vector<Work>& rest, bool batched) {
  if (!batched) return public_event_id(*first.event);
  std::vector<DeliveryId> deliveries{first.id};
  for (const auto& work : rest) deliveries.push_back(work.id);
  return domain::batch_id(deliveries);
}

std::uint32_t most_hops(const Work& first, const std::vector<Work>& rest) {
  std::uint32_t most = first.event->hops;
  for (const auto& work : rest) most = std::max(most, work.event->hops);
  return most;
}

std::shared_ptr<const std::string> batch_of(const Work& first, const std::vector<Work>& rest, const Prepared& prepared) {
  std::vector<domain::EventPtr> events{first.event};
  for (const auto& work : rest) events.push_back(work.event);
  return std::make_shared<const std::string>(
      domain::render_batch(prepared.subscription->settings.format, events, prepared.tenant));
}

}  // namespace

LaneSet::LaneSet(EventLoop& loop, store::Session& session, Catalogue& catalogue, Transport& transport, const Clock& clock,
                 LaneShared& shared, observe::Metrics& metrics, std::uint64_t seed)
    : loop_(loop),
      session_(session),
      catalogue_(catalogue),
      transport_(transport),
      clock_(clock),
      shared_(shared),
      metrics_(metrics),
      random_(seed),
      alarm_(loop.make_alarm([this] { on_alarm(); })),
      tick_(loop.make_alarm([this] { tick(); })) {}

LaneSet::~LaneSet() {
  for (const auto& [key, slot] : slots_) shared_.gate.add(-slot->lane.counted);
}

void LaneSet::start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done) {
  std::vector<std::uint32_t> shards;
  for (const auto& lease : leases) {
    epochs_[lease.shard] = lease.epoch;
    shards.push_back(lease.shard);
  }
  tick_->set(clock_.steady_now() + kTickTime);
  load_health([this, shards = std::move(shards), done = std::move(done)](Status loaded) mutable {
    if (!loaded) return done(std::move(loaded));
    session_.lanes_with_work(std::move(shards),
                             [this, done = std::move(done)](Result<std::vector<store::LaneWork>> found) mutable {
                               if (!found) return done(std::move(found).error());
                               found_at_start(*found);
                               done({});
                             });
  });
}

void LaneSet::found_at_start(const std::vector<store::LaneWork>& found) {
  const Timestamp now = clock_.schedule_now();
  started_ = true;
  for (const auto& work : found) {
    if (slots_.contains(work.subscription)) continue;  // new work came first; its lane asks the store anyway
    Asleep asleep{work.earliest_due, work.ordered ? std::optional(now) : std::nullopt};
    wakes_.emplace(*asleep.wake(), work.subscription);
    sleeping_[work.subscription] = asleep;
  }
  // Lanes that new work opened meanwhile may have older work in the store too.
  for (const auto& [key, slot] : slots_) {
    slot->lane.expect_in_store(now);
    service(*slot, now);
  }
  arm();
}

std::optional<Timestamp> LaneSet::Asleep::wake() const {
  if (next && ordered_next) return std::min(*next, *ordered_next);
  return next ? next : ordered_next;
}

LaneSet::Slot& LaneSet::slot(SubscriptionKey subscription, Timestamp now) {
  auto& place = slots_[subscription];
  if (!place) {
    place = std::make_unique<Slot>(subscription);
    lanes_shown_.store(slots_.size(), std::memory_order_relaxed);
    // What the store has of older ordered work is not known yet.
    if (!started_) place->lane.expect_ordered_in_store(now);
    if (const auto asleep = sleeping_.find(subscription); asleep != sleeping_.end()) {
      if (asleep->second.next) place->lane.expect_in_store(*asleep->second.next);
      if (asleep->second.ordered_next) place->lane.expect_ordered_in_store(*asleep->second.ordered_next);
      wakes_.erase({*asleep->second.wake(), subscription});
      sleeping_.erase(asleep);
    }
  }
  place->lane.last_used = now;
  return *place;
}

void LaneSet::accept(std::vector<Work> work) {
  const Timestamp now = clock_.schedule_now();
  for (std::size_t i = 0; i < work.size();) {
    Slot& lane_slot = slot(work[i].subscription, now);
    const SubscriptionKey subscription = work[i].subscription;
    for (; i < work.size() && work[i].subscription == subscription; ++i) lane_slot.lane.accept(std::move(work[i]), now);
    service(lane_slot, now);
  }
  arm();
}

void LaneSet::cancelled(SubscriptionKey subscription, DeliveryKey delivery) {
  // In a lane that sleeps over ordered work, the cancelled one may be what others wait for.
  const auto asleep = sleeping_.find(subscription);
  const bool may_matter = asleep != sleeping_.end() && asleep->second.ordered_next;
  if (!slots_.contains(subscription) && !may_matter) return;
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(subscription, now);
  lane_slot.lane.cancelled(delivery, now);
  service(lane_slot, now);
  arm();
}

void LaneSet::left_in_store(SubscriptionKey subscription, std::uint32_t count) {
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(subscription, now);
  lane_slot.lane.left_in_store(count, now);
  service(lane_slot, now);
  arm();
}

void LaneSet::expunged(EventKey event) {
  expunged_.push_back(event);
  if (expunged_.size() > kExpungedRememberedMax) expunged_.pop_front();
  rendered_.forget(event);
}

void LaneSet::subscription_changed(SubscriptionKey subscription) {
  const auto found = slots_.find(subscription);
  if (found == slots_.end() && !sleeping_.contains(subscription)) return;
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(subscription, now);
  lane_slot.prepared.reset();
  lane_slot.allowed_per_second.reset();
  // Whoever switches it on again gives its endpoint a new start (so does the store).
  if (prepare_slot(lane_slot) && std::exchange(lane_slot.was_disabled, false)) set_health(subscription, std::nullopt);
  service(lane_slot, now);
  arm();
}

// Takes the subscription's latest value; a lane without one to deliver to is paused.
bool LaneSet::prepare_slot(Slot& slot) {
  if (slot.prepared) return true;
  const auto subscription = catalogue_.find_subscription(slot.lane.subscription());
  if (!subscription) cancel_rest(slot.lane.subscription());
  if (!subscription || !subscription->settings.enabled || subscription->settings.kind == domain::Kind::poll) {
    slot.was_disabled = true;
    slot.lane.pause(clock_.schedule_now());
    return false;
  }
  const auto secrets = catalogue_.secrets_of(*subscription);
  auto prepared = secrets ? prepare(subscription, *secrets, catalogue_.tenant_name(subscription->tenant))
                          : Result<Prepared>(secrets.error());
  if (!prepared) {
    observe::log(observe::Level::error, "a subscription cannot be delivered to",
                 {{"subscription", to_text(subscription->id)}, {"reason", prepared.error().message}});
    slot.lane.pause(clock_.schedule_now());
    return false;
  }
  slot.prepared = std::move(*prepared);
  slot.tenant = subscription->tenant;
  slot.tenant_pace = shared_.paces.of(subscription->tenant);
  slot.priority = subscription->settings.priority;
  set_rules(slot);
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
    if (count) metrics_.deliveries_cancelled.add(static_cast<double>(*count));
    if (count && *count > 0) cancel_rest(subscription);
    check_drained();
  });
}

bool LaneSet::may_start() const { return !draining_ && store_takes_ && unrecorded_ < kUnrecordedAttemptsMax; }

void LaneSet::set_rules(Slot& slot) {
  const auto& settings = slot.prepared->subscription->settings;
  LaneRules rules = rules_of(settings);
  if (slot.allowed_per_second) rules.rate.emplace(domain::limit_with(settings.rate_limit, *slot.allowed_per_second));
  slot.lane.set_rules(rules);
}

// Attempts what the lane may attempt now, reads what it needs, and sets when to look again.
void LaneSet::service(Slot& slot, Timestamp now) {
  if (prepare_slot(slot)) {
    // Whoever waits for a turn already is not overtaken.
    if (run_queue_.empty()) {
      run(slot, kStartsPerTurn, now);
    } else if (slot.lane.may_take(now)) {
      run_queue_.push(slot.lane.subscription(), slot.priority);
      post_turn();
    }
  }
  settle(slot, now);
}

void LaneSet::settle(Slot& slot, Timestamp now) {
  if (slot.prepared && !draining_) request_loads(slot, now);
  set_wake(slot, draining_ ? std::nullopt : slot.lane.next_wake(now));
  settle_count(slot, now);
}

void LaneSet::run(Slot& slot, int attempts_max, Timestamp now) {
  for (int started = 0; slot.lane.may_take(now); ++started) {
    if (draining_) return;
    if (!may_start() || turn_left_ == 0 || started == attempts_max) {
      run_queue_.push(slot.lane.subscription(), slot.priority);
      return post_turn();
    }
    if (slot.tenant_pace->limited()) return wait_for_tenant(slot);
    if (!start_next(slot, now)) return;
  }
}

// False when the lane has nothing that may go now.
bool LaneSet::start_next(Slot& slot, Timestamp now) {
  const EventKey below = shared_.horizon.below(slot.tenant);
  auto work = slot.lane.take(now, below);
  if (!work) {
    if (slot.lane.held(now, below)) hold(slot, below);
    return false;
  }
  auto rest = slot.lane.take_rest(*work, now, below);
  if (turn_left_-- == kStartsPerTurn) post_turn();
  start_attempt(slot, std::move(*work), std::move(rest), now);
  return true;
}

// Ordered work waits until older events have arrived.
void LaneSet::hold(Slot& slot, EventKey below) {
  held_.insert(slot.lane.subscription());
  const auto again = [self = std::weak_ptr<LaneSet*>(self_)] {
    const auto set = self.lock();
    if (!set) return;
    LaneSet& lanes = **set;
    lanes.horizon_asked_ = false;
    const Timestamp now = lanes.clock_.schedule_now();
    for (const auto subscription : std::exchange(lanes.held_, {})) lanes.service(lanes.slot(subscription, now), now);
    lanes.arm();
  };
  if (!std::exchange(horizon_asked_, true)) shared_.horizon.when_moved(loop_, again);
  // It may have moved before it was asked.
  if (shared_.horizon.below(slot.tenant) != below) loop_.post(again);
}

void LaneSet::post_turn() {
  if (std::exchange(turn_posted_, true)) return;
  loop_.post([self = std::weak_ptr<LaneSet*>(self_)] {
    if (const auto set = self.lock()) (*set)->pump();
  });
}

// A new turn: the lanes that wait, a few attempts each.
void LaneSet::pump() {
  constexpr int kQuantum = 4;
  const Timestamp now = clock_.schedule_now();
  turn_posted_ = false;
  turn_left_ = kStartsPerTurn;
  while (turn_left_ > 0 && may_start()) {
    const auto subscription = run_queue_.pop();
    if (!subscription) break;
    Slot& lane_slot = slot(*subscription, now);
    if (prepare_slot(lane_slot)) run(lane_slot, kQuantum, now);
    settle(lane_slot, now);
  }
  if (turn_left_ == 0) post_turn();
  arm();
}

void LaneSet::wait_for_tenant(Slot& slot) {
  TenantQueue& queue = tenant_queues_[slot.tenant];
  slot.waits_for_tenant = true;
  queue.lanes.push(slot.lane.subscription(), slot.priority);
  if (!queue.wake) serve_tenant(slot.tenant, queue, clock_.schedule_now());
}

// Each token goes to one lane, in turns.
void LaneSet::serve_tenant(TenantKey tenant, TenantQueue& queue, Timestamp now) {
  const auto pace = shared_.paces.of(tenant);
  queue.wake.reset();
  while (!queue.lanes.empty()) {
    const bool may_go = may_start() && turn_left_ > 0;
    if (!may_go || !pace->take(now)) {
      queue.wake = may_go ? pace->next(now) : now + (may_start() ? Milliseconds(1) : Milliseconds(kTickTime));
      return;
    }
    Slot& lane_slot = slot(*queue.lanes.pop(), now);
    lane_slot.waits_for_tenant = false;
    if (!prepare_slot(lane_slot) || !lane_slot.lane.may_take(now) || !start_next(lane_slot, now)) {
      pace->give_back();
    } else if (lane_slot.lane.may_take(now)) {
      lane_slot.waits_for_tenant = true;
      queue.lanes.push(lane_slot.lane.subscription(), lane_slot.priority);
    }
    settle(lane_slot, now);
  }
}

void LaneSet::start_attempt(Slot& slot, Work work, std::vector<Work> rest, Timestamp now) {
  const Prepared& prepared = *slot.prepared;
  const auto& settings = prepared.subscription->settings;
  const Timestamp wall_start = clock_.wall_now();
  const SteadyTime start = clock_.steady_now();

  OutgoingAttempt attempt;
  attempt.url = prepared.url;
  attempt.deadline = start + settings.timeout;
  attempt.access = prepared.access;
  attempt.header_lines.reserve(prepared.fixed_header_lines.size() + 404);
  attempt.header_lines = prepared.fixed_header_lines;
  RenderedPtr rendered;
  if (settings.batching) {
    attempt.body = batch_of(work, rest, prepared);
  } else {
    rendered = rendered_.find(*work.event, settings.format, prepared.tenant);
    attempt.header_lines += rendered->header_lines;
  }
  attempt.header_lines += "traceparent: ";
  attempt.header_lines += work.event->traceparent;
  attempt.header_lines += "\r\n";
  attempt.header_lines += domain::kHopsHeader;
  attempt.header_lines += ": ";
  attempt.header_lines += std::to_string(most_hops(work, rest) + 1);
  attempt.header_lines += "\r\n";
  if (prepared.program) {
    attempt.body = {rendered, &rendered->body};
    attempt.script = script_of(prepared, rendered, work.event, wall_start);
  } else {
    if (rendered) attempt.body = body_for(*prepared.signer, rendered, wall_start);
    prepared.signer->append_headers(attempt.header_lines, id_of(work, rest, settings.batching.has_value()), wall_start,
                                    *attempt.body);
  }

  in_flight_shown_.store(++in_flight_, std::memory_order_relaxed);
  const SubscriptionKey subscription = slot.lane.subscription();
  Request request{subscription, std::move(work), std::move(rest), wall_start, now, start};
  transport_.send(std::move(attempt), [this, request = std::move(request)](AttemptAnswer answer) mutable {
    attempt_answered(std::move(request), std::move(answer));
  });
}

void LaneSet::attempt_answered(Request request, AttemptAnswer answer) {
  in_flight_shown_.store(--in_flight_, std::memory_order_relaxed);
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(request.subscription, now);
  if (answer.abandoned) {
    lane_slot.lane.slot_freed();
    lane_slot.lane.abandoned(request.work, now);
    for (const auto& work : request.rest) lane_slot.lane.abandoned(work, now);
    return check_drained();
  }
  if (answer.not_sent) return not_sent(lane_slot, request, answer.detail, now);
  // What a script cancelled was not sent: it says nothing of the endpoint either.
  domain::AttemptOutcome seen = answer.outcome;
  if (answer.cancelled) seen.failure = domain::FailureKind::transform;
  lane_slot.lane.answered(seen, request.start, now);
  if (answer.allowed_per_second && answer.allowed_per_second != lane_slot.allowed_per_second && lane_slot.prepared) {
    lane_slot.allowed_per_second = answer.allowed_per_second;
    set_rules(lane_slot);
  }
  for (auto& work : request.rest) record(outcome_of(lane_slot, std::move(work), request, answer, now));
  auto last = outcome_of(lane_slot, std::move(request.work), request, answer, now);
  note_health(lane_slot, *last, seen);
  record(std::move(last));
  service(lane_slot, now);
  arm();
}

// No attempt was made: none is recorded, no retry is used up, and nothing follows from it for the endpoint.
void LaneSet::not_sent(Slot& slot, const Request& request, std::string_view detail, Timestamp now) {
  if (clock_.steady_now() >= shortage_told_until_) {
    shortage_told_until_ = clock_.steady_now() + kShortageToldTime;
    observe::log(observe::Level::warning, "attempts wait: this machine has no socket to spare", {{"reason", detail}});
  }
  slot.lane.not_sent(now + kShortagePause);
  slot.lane.abandoned(request.work, now);
  for (const auto& work : request.rest) slot.lane.abandoned(work, now);
  service(slot, now);
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
  std::optional<Timestamp> next;
  if (!wakes_.empty()) next = wakes_.begin()->first;
  for (const auto& [tenant, queue] : tenant_queues_) {
    if (queue.wake) next = next ? std::min(*next, *queue.wake) : *queue.wake;
  }
  if (!next || draining_) return alarm_->clear();
  alarm_->set(clock_.steady_now() + std::max(*next - clock_.schedule_now(), Milliseconds(0)));
}

void LaneSet::on_alarm() {
  const Timestamp now = clock_.schedule_now();
  // A bounded share at a time: what else the loop has to do comes between.
  for (int served = 0; served < 256 && !wakes_.empty() && wakes_.begin()->first <= now; ++served) {
    const auto [at, subscription] = *wakes_.begin();
    Slot& lane_slot = slot(subscription, now);  // wakes a sleeping lane
    set_wake(lane_slot, std::nullopt);
    service(lane_slot, now);
  }
  for (auto it = tenant_queues_.begin(); it != tenant_queues_.end();) {
    if (it->second.wake && *it->second.wake <= now) serve_tenant(it->first, it->second, now);
    it = it->second.lanes.empty() ? tenant_queues_.erase(it) : std::next(it);
  }
  arm();
}

void LaneSet::tick() {
  const Timestamp now = clock_.schedule_now();
  auto again = std::exchange(unwritten_, {});
  for (auto& recording : again) write_record(std::move(recording));
  std::size_t in_memory = 0;
  for (const auto& [key, slot] : slots_) {
    settle_count(*slot, now);
    in_memory += slot->lane.in_memory();
    // Work may have been left lying while the store could not record.
    if (store_takes_ && (slot->lane.in_memory() > 0 && slot->lane.in_flight() == 0)) service(*slot, now);
  }
  in_memory_shown_.store(in_memory, std::memory_order_relaxed);
  forget_idle(now);
  arm();
  tick_->set(clock_.steady_now() + kTickTime);
}

void LaneSet::settle_count(Slot& slot, Timestamp now) {
  const std::ptrdiff_t count =
      draining_ || slot.waits_for_tenant || held_.contains(slot.lane.subscription()) ? 0 : slot.lane.runnable(now);
  if (count == slot.lane.counted) return;
  shared_.gate.add(count - slot.lane.counted);
  slot.lane.counted = count;
}

// Lanes without work are kept for a while (their prepared keys are worth it); those with work for later only sleep.
void LaneSet::forget_idle(Timestamp now) {
  for (auto it = slots_.begin(); it != slots_.end();) {
    Slot& candidate = *it->second;
    const bool old = now - candidate.lane.last_used > kLaneIdleTime;
    const bool queued =
        std::any_of(load_queue_.begin(), load_queue_.end(), [&](const Load& load) { return load.subscription == it->first; });
    if (!candidate.lane.may_be_forgotten(now) || queued || !(old || slots_.size() > kLanesIdleMax)) {
      ++it;
      continue;
    }
    set_wake(candidate, std::nullopt);
    shared_.gate.add(-candidate.lane.counted);
    const Asleep asleep{candidate.lane.store_next(), candidate.lane.ordered_next()};
    if (const auto wake = asleep.wake()) {
      sleeping_[it->first] = asleep;
      // A paused lane sleeps until its subscription changes.
      if (!candidate.lane.paused()) wakes_.emplace(*wake, it->first);
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
