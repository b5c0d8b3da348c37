#include "store/sqlite/event_writes.h"

#include <algorithm>

namespace posthorn::store::sqlite {
namespace {

Result<AcceptedEvent> first_answer(const Cursor& row, const NewEvent& write, const char* field, const char* what) {
  if (!std::ranges::equal(row.blob(4), write.fingerprint)) {
    return conflict(field, std::string(what) + " was used for another event", "already_used");
  }
  return AcceptedEvent{{row.key<EventKey>(0), row.salt(1)}, std::string(row.text(2)), row.count(3), true};
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
    if (row.next()) return first_answer(row, write, "id", "the id");
  }
  return std::nullopt;
}

Result<AcceptedEvent> EventWrites::accept(const NewEvent& write) {
  const domain::Event& event = *write.event;
  if (known_.is_deleted(event.tenant)) return not_found("the tenant does not exist");
  if (auto first = find_first(write)) return std::move(*first);

  insert_event(write);
  insert_deliveries(write.deliveries, event.tenant, event.id.key, event.accepted_at);
  if (write.idempotency) {
    insert_idempotency_.run(event.id.key, event.id.salt, event.tenant, write.idempotency->key, event.external_id, write.matched,
                            Blob(write.fingerprint));
  }
  if (write.matched > write.deliveries.size()) {
    insert_fanout_.run(event.id.key, write.deliveries.empty() ? SubscriptionKey{} : write.deliveries.back().subscription.key);
  }
  return AcceptedEvent{event.id, event.external_id, write.matched, false};
}

void EventWrites::insert_event(const NewEvent& write) {
  const domain::Event& event = *write.event;
  const Blob fingerprint = event.external_id.empty() ? Blob() : Blob(write.fingerprint);  // needed to compare ids only
  insert_event_.run(event.id.key, event.id.salt, event.tenant, event.topic, event.accepted_at, event.time, event.external_id,
                    event.user, event.scope, event.traceparent, write.matched, fingerprint, as_blob(event.payload));
}

void EventWrites::insert_deliveries(const std::vector<NewDelivery>& deliveries, TenantKey tenant, EventKey event,
                                    Timestamp due) {
  for (const NewDelivery& delivery : deliveries) {
    const bool deleted = known_.is_deleted(delivery.subscription.key);
    const auto state = deleted ? domain::DeliveryState::cancelled : domain::DeliveryState::pending;
    insert_delivery_.run(delivery.id.key, delivery.id.salt, tenant, event, delivery.subscription.key, static_cast<int>(state),
                         delivery.kind == domain::Kind::poll ? poll_order_.next() : due);
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
    finish_fanout_.run(write.event);
  } else if (!write.deliveries.empty()) {
    advance_fanout_.run(write.event, write.deliveries.back().subscription.key);
  }
  return {};
}

}  // namespace posthorn::store::sqlite
