// Rows to values: the column lists that several queries share, and how they are read.
#pragma once

#include "domain/outbound/attempt.h"
#include "domain/outbound/delivery.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

// Of `events e`; what follows starts at column kEventColumnCount.
#define POSTHORN_EVENT_COLUMNS \
  "e.key, e.salt, e.tenant, e.topic, e.accepted, e.time, e.external_id, e.user, e.scope, e.traceparent, e.payload"
inline constexpr int kEventColumnCount = 11;
domain::Event read_event(const Cursor& row);
// What stands in the column `traceparent`: the header's value, and behind it ";" and the event's hops when there are any.
std::string trace_column(const domain::Event& event);

// Of `deliveries d` joined with its event `e` and its subscription `s` (which may be gone).
#define POSTHORN_DELIVERY_COLUMNS                                                                                             \
  "d.key, d.salt, d.tenant, d.event, e.salt, d.subscription, s.salt, e.topic, d.state, d.attempts, d.schedule_start, d.due, " \
  "d.updated"
domain::Delivery read_delivery(const Cursor& row);

#define POSTHORN_ATTEMPT_COLUMNS "number, started, duration, failure, status, detail, response"
domain::Attempt read_attempt(const Cursor& row);

domain::DeliveryState read_state(const Cursor& row, int column);

}  // namespace posthorn::store::sqlite
