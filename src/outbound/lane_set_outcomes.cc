// LaneSet: what becomes of answers: the record of each delivery's attempt, the endpoint's health, and notices of both.
#include "domain/outbound/retry.h"
#include "observe/log.h"
#include "outbound/lane_set.h"

namespace posthorn::outbound {
namespace {

constexpr const char* kFailing = "failing";  // Subscription::disabled_reason

using domain::DeliveryState;

}  // namespace

// What the answer means for one delivery.
LaneSet::RecordingPtr LaneSet::outcome_of(Slot& slot, Work work, const Request& request, const AttemptAnswer& answer,
                                          Timestamp now) {
  auto shared = std::make_shared<Recording>();
  Recording& recording = *shared;
  recording.work = std::move(work);
  store::RecordAttempt& write = recording.write;
  const std::uint32_t shard = domain::shard_of(request.subscription);
  write.lease = {shard, epoch_of(shard)};
  write.delivery = recording.work.id;
  write.subscription = request.subscription;
  write.event = recording.work.event;
  write.at = now;
  write.attempt.number = recording.work.attempts + 1;
  write.attempt.started_at = request.wall_start;
  write.attempt.duration = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady_now() - request.steady_start);
  write.attempt.failure = answer.outcome.failure;
  write.attempt.status = answer.outcome.status;
  write.attempt.detail = answer.detail;
  write.attempt.response = answer.response;

  // A subscription that was paused or deleted meanwhile has no policy any more: the standard one decides.
  const auto& policy = slot.prepared ? slot.prepared->subscription->settings.retry : domain::standard_retry_policy();
  const auto step = domain::next_step(policy, {write.attempt.number, recording.work.schedule_start}, answer.outcome, random_);
  switch (step.kind) {
    case domain::NextStep::Kind::succeeded:
      write.state = DeliveryState::succeeded;
      break;
    case domain::NextStep::Kind::retry:
      write.state = DeliveryState::pending;
      write.due = write.at + step.delay;
      write.outside_schedule = step.outside_schedule;
      break;
    case domain::NextStep::Kind::exhausted:
      write.state = DeliveryState::exhausted;
      write.disable_subscription = step.disable_subscription;
      tell(domain::Notice::delivery_exhausted, slot, recording);
      if (step.disable_subscription) tell(domain::Notice::subscription_disabled, slot, recording);
      break;
  }
  if (answer.cancelled) write.state = DeliveryState::cancelled;
  count_attempt(recording.work, write);
  return shared;
}

// What the answer means for its endpoint, written together with the attempt.
void LaneSet::note_health(Slot& slot, Recording& recording, const domain::AttemptOutcome& outcome) {
  using Change = domain::HealthStep::Change;
  if (!slot.prepared) return;
  const auto& settings = slot.prepared->subscription->settings;
  const auto found = failing_.find(recording.write.subscription);
  if (found == failing_.end() && outcome.succeeded()) return;
  std::optional<domain::FailingEndpoint> before;
  if (found != failing_.end()) before = found->second;
  store::RecordAttempt& write = recording.write;
  const auto step = domain::after_attempt(before, outcome, write.at, settings.disable_after.value_or(shared_.disable_after));
  set_health(write.subscription, step.health);
  write.failing_since = step.health ? step.health->since : before ? before->since : Timestamp{};
  switch (step.change) {
    case Change::none:
      break;
    case Change::failing:
      write.health = store::HealthChange::failing;
      break;
    case Change::told:
      write.health = store::HealthChange::told;
      break;
    case Change::well:
      write.health = store::HealthChange::well;
      break;
  }
  if (step.tell) {
    tell(step.health ? domain::Notice::subscription_failing : domain::Notice::delivery_recovered, slot, recording);
  }
  if (!step.disable || write.disable_subscription) return;
  write.disable_subscription = true;
  write.disable_reason = kFailing;
  tell(domain::Notice::subscription_disabled, slot, recording);
}

void LaneSet::tell(domain::Notice notice, Slot& slot, Recording& recording) {
  if (notices_ == nullptr || !slot.prepared) return;
  domain::NoticeFacts facts;
  facts.subscription = slot.prepared->subscription.get();
  facts.event = recording.work.event.get();
  facts.delivery = recording.work.id;
  facts.attempts = recording.write.attempt.number;
  facts.failure = recording.write.attempt.failure;
  facts.status = recording.write.attempt.status;
  facts.failing_since = recording.write.failing_since;
  facts.reason = recording.write.disable_reason;
  auto made = notices_->make(notice, facts);
  if (!made) return;
  recording.write.notices.push_back(std::move(made->write));
  recording.told.push_back(std::move(made->work));
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
    const auto subscription = catalogue_.find_subscription(write.subscription);
    observe::log(observe::Level::debug, "attempt",
                 {{"tenant", catalogue_.tenant_name(work.event->tenant)},
                  {"subscription", subscription ? to_text(subscription->id) : std::string()},
                  {"delivery", to_text(work.id)},
                  {"event", to_text(work.event->id)},
                  {"topic", work.event->topic},
                  {"number", write.attempt.number},
                  {"status", write.attempt.status},
                  {"failure", domain::to_text(write.attempt.failure)},
                  {"durationUs", write.attempt.duration.count()},
                  {"state", domain::to_text(write.state)}});
  }
}

void LaneSet::record(RecordingPtr recording) {
  ++unrecorded_;
  write_record(std::move(recording));
}

// The write is kept beside the call: a store that cannot take it now gets it again.
void LaneSet::write_record(RecordingPtr recording) {
  std::shared_ptr<const store::RecordAttempt> write(recording, &recording->write);
  session_.record_attempt(std::move(write),
                          [this, recording = std::move(recording)](Result<store::RecordedAttempt> result) mutable {
                            recorded(std::move(recording), std::move(result));
                          });
}

void LaneSet::recorded(RecordingPtr recording, Result<store::RecordedAttempt> result) {
  if (!result && result.error().kind == ErrorKind::unavailable) {
    unwritten_.push_back(std::move(recording));
    store_takes_ = false;
    tick_->set(clock_.steady_now() + kStoreRetryTime);
    return;
  }
  --unrecorded_;
  store_takes_ = true;
  auto& [work, write, told] = *recording;
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(write.subscription, now);
  if (!result) {
    // Fenced: another node has the shard and will deliver what is pending. Not found: its tenant was erased meanwhile. Anything
    // else is damage, and is said once.
    if (result.error().kind != ErrorKind::fenced && result.error().kind != ErrorKind::not_found) {
      observe::log(observe::Level::error, "an attempt could not be recorded",
                   {{"delivery", to_text(work.id)}, {"reason", result.error().message}});
    }
    lane_slot.lane.finished(work, now);
  } else if (result->state == DeliveryState::pending) {
    work.attempts = write.attempt.number;
    if (write.outside_schedule) work.schedule_start = work.attempts;
    lane_slot.lane.retry_later(std::move(work), write.due, now);
  } else {
    lane_slot.lane.finished(work, now);
    if (result->state == DeliveryState::succeeded) metrics_.deliveries_succeeded.add();
    if (result->state == DeliveryState::exhausted) metrics_.deliveries_exhausted.add();
  }
  if (result && write.disable_subscription) {
    set_health(write.subscription, std::nullopt);
    catalogue_.mark_disabled(write.subscription, write.disable_reason);
    lane_slot.prepared.reset();
  }
  if (result && result->noticed) {
    for (auto& notice : told) notice_sink_(std::move(notice));
  }
  service(lane_slot, now);
  if (!run_queue_.empty()) post_turn();
  arm();
  check_drained();
}

void LaneSet::tell_by(Notices& notices, WorkSink sink) {
  notices_ = &notices;
  notice_sink_ = std::move(sink);
}

void LaneSet::load_health(UniqueFunction<void(Status)> done) {
  session_.load_health([this, done = std::move(done)](Result<std::vector<store::EndpointHealth>> rows) mutable {
    if (!rows) return done(std::move(rows).error());
    for (const auto& row : *rows) {
      if (epoch_of(domain::shard_of(row.subscription)) == 0) continue;
      set_health(row.subscription, domain::FailingEndpoint{row.failing_since, 0, row.told});
    }
    done({});
  });
}

void LaneSet::set_health(SubscriptionKey subscription, std::optional<domain::FailingEndpoint> health) {
  if (health) {
    failing_[subscription] = *health;
  } else {
    failing_.erase(subscription);
  }
  failing_shown_.store(failing_.size(), std::memory_order_relaxed);
}

}  // namespace posthorn::outbound
