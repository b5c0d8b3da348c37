#include "store/sqlite/event_writes.h"

#include <algorithm>

#include "store/sqlite/key_list.h"
#include "store/sqlite/places.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {
namespace {

Result<AcceptedEvent> first_answer(const Cursor& row, const NewEvent& write, const char* field, const char* what) {
  if (!std::ranges::equal(row.blob(4), write.fingerprint)) {
    return conflict(field, std::string(what) + " was used for another event", "already_used");
  }
  return AcceptedEvent{{row.key<EventKey>(0), row.salt(1)}, std::string(row.text(2)), row.count(3), true};
}

OrNull<DeliveryKey> last_of(const std::vector<NewDelivery>& deliveries) {
  DeliveryKey last;
  for (const NewDelivery& delivery : deliveries) last = std::max(last, delivery.id.key);
  return {last, !deliveries.empty()};
}

}  // namespace

std::optional<Result<AcceptedEvent>> EventWrites::find_first(const NewEvent& write) {
  const domain::Event& event = *write.event;
  if (write.idempotency) {
    Cursor row = find_idempotency_.open(event.tenant, write.idempotency->key);
    if (row.next()) return first_answer(row, write, "Idempotency-Key", "the idempotency key");
  }
  if (!event.external_id.empty()) {
    Cursor row = find_external_.open(event.tenant, event.external_id);
    if (!row.next()) return std::nullopt;
    auto answer = first_answer(row, write, "id", "the id");
    if (answer && write.idempotency) remember_key(write, *answer);
    return answer;
  }
  return std::nullopt;
}

// Under a key of its own time, which retention goes by.
void EventWrites::remember_key(const NewEvent& write, const AcceptedEvent& answer) {
  const domain::Event& event = *write.event;
  insert_idempotency_.run(event.id.key, answer.id.salt, event.tenant, write.idempotency->key, answer.external_id,
                          answer.deliveries, Blob(write.fingerprint),
                          OrNull<EventKey>{answer.id.key, answer.id.key != event.id.key});
}

Result<AcceptedEvent> EventWrites::accept(const NewEvent& write) {
  const domain::Event& event = *write.event;
  if (known_.is_deleted(event.tenant)) return not_found("the tenant does not exist");
  if (auto first = find_first(write)) return std::move(*first);
  if (write.refusal) return *write.refusal;

  insert_new(write);
  for (const NewEvent& derived : write.derived) insert_new(derived);
  AcceptedEvent answer{event.id, event.external_id, write.matched, false};
  if (write.idempotency) remember_key(write, answer);
  return answer;
}

void EventWrites::insert_new(const NewEvent& write) {
  const domain::Event& event = *write.event;
  insert_event(write);
  statistics_.accepted(event);
  insert_deliveries(write.deliveries, event.tenant, event.id.key, event.accepted_at);
  if (write.matched > write.deliveries.size()) {
    const SubscriptionKey after = write.deliveries.empty() ? SubscriptionKey{} : write.deliveries.back().subscription.key;
    const bool said = write.rest != nullptr && !write.rest->empty();
    const OrNull<EventKey> rest{said ? keep_rest(write.rest, event.id.key) : EventKey{}, said};
    insert_fanout_.run(event.id.key, after, last_of(write.deliveries), rest);
  }
}

EventKey EventWrites::keep_rest(const SubscriptionSet& rest, EventKey event) {
  if (rest == last_rest_ && find_rest_.open(last_rest_key_).next()) return last_rest_key_;
  const std::string text = encode_keys(*rest);
  insert_rest_.run(event, as_blob(text));
  last_rest_ = rest;
  last_rest_key_ = event;
  return event;
}

void EventWrites::insert_event(const NewEvent& write) {
  const domain::Event& event = *write.event;
  const OrNull<Timestamp> time{event.time, event.time != event.accepted_at};
  const OrNull<Blob> fingerprint{write.fingerprint, !event.external_id.empty()};  // needed to compare ids only
  insert_event_.run(event.id.key, event.id.salt, event.tenant, event.topic, event.accepted_at, time,
                    unless_empty(event.external_id), unless_empty(event.user), unless_empty(event.scope), trace_column(event),
                    write.matched, fingerprint, as_blob(event.payload), last_of(write.deliveries));
  note_place(event.tenant.value, event.id.key.value);
}

void EventWrites::note_place(std::int64_t owner, std::int64_t key) {
  const std::int64_t bucket = place_of(key);
  if (known_.enter_place(owner, bucket)) insert_place_.run(owner, bucket);
}

void EventWrites::insert_deliveries(const std::vector<NewDelivery>& deliveries, TenantKey tenant, EventKey event,
                                    Timestamp due) {
  for (const NewDelivery& delivery : deliveries) {
    const bool deleted = known_.is_deleted(delivery.subscription.key);
    const auto state = deleted ? domain::DeliveryState::cancelled : domain::DeliveryState::pending;
    // `updated` has its final length from the start, so that the outcome is written over the row where it stands.
    insert_delivery_.run(delivery.id.key, delivery.id.salt, tenant, event, delivery.subscription.key, static_cast<int>(state),
                         delivery.kind == domain::Kind::poll ? poll_order_.next() : due, key_time(delivery.id.key.value),
                         delivery.order_key);
    note_place(tenant.value, delivery.id.key.value);
    note_place(delivery.subscription.key.value, delivery.id.key.value);
  }
}

Result<void> EventWrites::advance(const AdvanceFanout& write) {
  SubscriptionKey after;
  Timestamp accepted;
  if (Cursor row = find_fanout_.open(write.event); row.next() && row.key<TenantKey>(1) == write.tenant) {
    after = row.key<SubscriptionKey>(0);
    accepted = row.time(2);
  } else {
    return not_found("the event has no unfinished fan-out");
  }
  if (known_.is_deleted(write.tenant)) return not_found("the tenant does not exist");
  if (!write.deliveries.empty() && write.deliveries.front().subscription.key <= after) {
    return conflict({}, "the fan-out is further already");
  }
  insert_deliveries(write.deliveries, write.tenant, write.event, accepted);
  if (write.finished) {
    set_last_delivery_.run(write.event, last_of(write.deliveries));
    finish_fanout_.run(write.event);
  } else if (!write.deliveries.empty()) {
    advance_fanout_.run(write.event, write.deliveries.back().subscription.key, last_of(write.deliveries));
  }
  return {};
}

}  // namespace posthorn::store::sqlite
