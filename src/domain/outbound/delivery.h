// Delivery: one event for one subscription.
//
//   pending ──► succeeded
//      │ ▲──────────┐ resend (from any end state)
//      ├──► exhausted    the schedule is used up, or the subscription was disabled by 410
//      └──► cancelled    by hand, or the subscription was deleted
//
// The store repeats these states as CHECK constraints.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/outbound/event.h"

namespace posthorn::domain {

enum class DeliveryState : std::uint8_t { pending = 0, succeeded = 1, exhausted = 2, cancelled = 3 };

// Deliveries that are due at or after this time are attempted by no lane: their consumer reads them (Kind::poll). What the due
// time exceeds it by is their place in the order of reading.
inline constexpr Timestamp kNeverDue{Milliseconds(std::int64_t{1} << 62)};

std::string_view to_text(DeliveryState state);
std::optional<DeliveryState> parse_delivery_state(std::string_view text);

struct Delivery {
  DeliveryId id;
  TenantKey tenant;
  EventId event;
  SubscriptionId subscription;
  std::string topic;
  DeliveryState state = DeliveryState::pending;
  std::uint32_t attempts = 0;        // made and recorded, all resends included
  std::uint32_t schedule_start = 0;  // attempts made before the current schedule began (a resend begins a new one)
  Timestamp due;                     // schedule time; meaningful while pending
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

// What a lane needs to make the next attempt.
struct PendingDelivery {
  DeliveryId id;
  SubscriptionKey subscription;
  EventPtr event;
  std::uint32_t attempts = 0;
  std::uint32_t schedule_start = 0;
  Timestamp due;
  // Set: waits for every earlier event's delivery (of the subscription) that has the same value. A resend has none.
  std::optional<std::int64_t> order_key{};
};

}  // namespace posthorn::domain
