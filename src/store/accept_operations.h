// The store's operations that accept events and make the rest of their deliveries. (operations.h has the others.)
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"

namespace posthorn::store {

struct NewDelivery {
  DeliveryId id;
  SubscriptionId subscription;
  std::optional<std::int64_t> order_key{};  // set: in order among those with the same value (domain/outbound/order.h)
  domain::Kind kind = domain::Kind::push;   // of the subscription; order_key is for push only
};

struct Idempotency {
  std::string key;
};

// In increasing order. Events that match the same subscriptions share one.
using SubscriptionSet = std::shared_ptr<const std::vector<SubscriptionKey>>;

struct NewEvent {
  domain::EventPtr event;
  std::vector<NewDelivery> deliveries;  // at most kFanoutInlineMax; the first ones in order of subscription key
  std::uint32_t matched = 0;            // how many deliveries there will be in all
  // matched > deliveries.size(): the rest is made by advance_fanout(), from after the last subscription given here. It is for
  // `rest`, below.
  std::optional<Idempotency> idempotency;
  // SHA-256 over what the publisher sent: decides whether a repeated key or external id is the same event again.
  std::array<std::uint8_t, 32> fingerprint{};
  // Made of it by automations: written in the same transaction, when this one is. Without idempotency or derived ones.
  std::vector<NewEvent> derived = {};
  // Who gets the deliveries that are made later: kept until they are. Null: nobody says.
  SubscriptionSet rest = nullptr;
  // Set: the answer unless it is a repeat; nothing is written but the key of one that repeats an id.
  std::optional<Error> refusal = std::nullopt;
};

// All or nothing is decided for each event by itself, never for the whole list.
struct AcceptEvents {
  std::vector<NewEvent> events;
};

// A repeated idempotency key or external id with the same fingerprint answers the first event and writes nothing
// (`replayed`), except that a new key of a repeated id is remembered; with another fingerprint the event's result is `conflict`
// (field "Idempotency-Key" or "id").
struct AcceptedEvent {
  EventId id;
  std::string external_id;
  std::uint32_t deliveries = 0;  // = matched of the first
  bool replayed = false;
};

struct AdvanceFanout {
  EventKey event;
  TenantKey tenant;
  std::vector<NewDelivery> deliveries;  // at most kFanoutStepMax, in order of subscription key
  bool finished = false;                // the fan-out's row goes
};

struct UnfinishedFanout {
  domain::EventPtr event;
  SubscriptionKey after;  // the last subscription that has its delivery
  SubscriptionSet rest;   // NewEvent::rest; shared by those that were given the same. Null: nobody said
};

}  // namespace posthorn::store
