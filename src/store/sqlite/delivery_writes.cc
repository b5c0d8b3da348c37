#include "store/sqlite/delivery_writes.h"

namespace posthorn::store::sqlite {
namespace {

using domain::DeliveryState;

Error no_such_delivery() { return not_found("the delivery does not exist"); }

}  // namespace

void DeliveryWrites::insert_attempt(const RecordAttempt& write) {
  const domain::Attempt& attempt = write.attempt;
  insert_attempt_.run(write.delivery.key, attempt.number, attempt.started_at, std::int64_t{attempt.duration.count()},
                      static_cast<int>(attempt.failure), attempt.status, unless_empty(attempt.detail),
                      unless_empty(as_blob(attempt.response)));
}

bool DeliveryWrites::change_pending(const RecordAttempt& write) {
  const auto changed =
      write.state == DeliveryState::pending
          ? postpone_pending_.run(write.delivery.key, write.attempt.number, write.due, write.at,
                                  static_cast<int>(write.outside_schedule))
          : finish_pending_.run(write.delivery.key, write.attempt.number, static_cast<int>(write.state), write.at);
  return changed > 0;
}

Result<RecordedAttempt> DeliveryWrites::record(const RecordAttempt& write) {
  if (!known_.holds(write.lease)) {
    return Error{ErrorKind::fenced, "fenced", "another owner has the shard", {}, std::nullopt};
  }
  if (!change_pending(write)) return record_late(write);
  insert_attempt(write);
  count(write, write.state);
  note_health(write);
  if (write.disable_subscription) catalogue_.disable(write.subscription, write.disable_reason, write.at);
  for (const NewEvent& notice : write.notices) {
    if (auto accepted = events_.accept(notice); !accepted) return RecordedAttempt{write.state};
  }
  return RecordedAttempt{write.state, true};
}

void DeliveryWrites::count(const RecordAttempt& write, DeliveryState became) {
  if (write.event == nullptr) return;
  statistics_.attempted(*write.event, write.subscription, write.attempt.failure, became, write.at);
}

void DeliveryWrites::note_health(const RecordAttempt& write) {
  switch (write.health) {
    case HealthChange::none:
      break;
    case HealthChange::failing:
    case HealthChange::told:
      note_failing_.run(write.subscription, write.failing_since, write.health == HealthChange::told ? 1 : 0);
      break;
    case HealthChange::well:
      note_well_.run(write.subscription);
      break;
  }
}

// The delivery is gone, no longer pending, or has this attempt or a later one already.
Result<RecordedAttempt> DeliveryWrites::record_late(const RecordAttempt& write) {
  DeliveryState state;
  if (Cursor row = find_state_.open(write.delivery.key); row.next()) {
    state = read_state(row, 0);
  } else {
    return no_such_delivery();
  }
  if (Cursor row = find_attempt_.open(write.delivery.key, write.attempt.number); row.next()) return RecordedAttempt{state};
  insert_attempt(write);
  count_attempt_.run(write.delivery.key, write.attempt.number, write.at);
  count(write, DeliveryState::pending);
  note_health(write);
  if (write.disable_subscription) catalogue_.disable(write.subscription, write.disable_reason, write.at);
  return RecordedAttempt{state};
}

Result<domain::PendingDelivery> DeliveryWrites::resend(const ResendDelivery& write) {
  if (known_.is_deleted(write.tenant)) return no_such_delivery();
  domain::PendingDelivery pending{.id = write.delivery, .subscription = {}, .event = nullptr, .due = write.now};
  EventKey event;
  bool polled = false;
  if (Cursor row = find_delivery_.open(write.delivery.key, write.delivery.salt, write.tenant); row.next()) {
    if (read_state(row, 0) == DeliveryState::pending) return conflict({}, "the delivery is pending already", "already_pending");
    if (row.integer(4) != 0) return conflict({}, "the event's payload has been expunged", "payload_expunged");
    pending.attempts = pending.schedule_start = row.count(1);
    pending.subscription = row.key<SubscriptionKey>(2);
    event = row.key<EventKey>(3);
    polled = row.time(5) >= domain::kNeverDue;
  } else {
    return no_such_delivery();
  }
  if (known_.is_deleted(pending.subscription)) {
    return conflict({}, "the delivery's subscription was deleted", "subscription_deleted");
  }
  if (Cursor row = find_event_.open(event); row.next()) {
    pending.event = std::make_shared<const domain::Event>(read_event(row));
  }
  if (polled) pending.due = poll_order_.next();
  restart_.run(write.delivery.key, pending.due, write.now);
  watch_attempts_.run(write.delivery.key);
  return pending;
}

Result<void> DeliveryWrites::cancel(const CancelDelivery& write) {
  if (known_.is_deleted(write.tenant)) return no_such_delivery();
  if (Cursor row = find_delivery_.open(write.delivery.key, write.delivery.salt, write.tenant); row.next()) {
    if (read_state(row, 0) != DeliveryState::pending) return conflict({}, "the delivery is not pending", "not_pending");
  } else {
    return no_such_delivery();
  }
  cancel_.run(write.delivery.key, write.now);
  return {};
}

Result<std::uint64_t> DeliveryWrites::cancel_of(const CancelDeliveriesOf& write) {
  const auto cancelled = cancel_some_.run(write.subscription, write.now, write.limit);
  if (cancelled > 0) return static_cast<std::uint64_t>(cancelled);
  return static_cast<std::uint64_t>(cancel_some_ordered_.run(write.subscription, write.now, write.limit));
}

}  // namespace posthorn::store::sqlite
