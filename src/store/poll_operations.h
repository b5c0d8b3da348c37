// The store's operations for subscriptions of kind poll: their deliveries are read and acknowledged by the consumer.
//
// Order: each delivery gets a place when it is written, in the order of commits. A reader that has seen a place has seen, or
// could have seen, every smaller one: nothing is committed below it later. (Keys do not have that: they are made before.)
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/operations.h"

namespace posthorn::store {

// Pending deliveries in order of their places, from after `after` (0: from the first that is not acknowledged).
struct PollDeliveries {
  SubscriptionKey subscription;
  std::int64_t after = 0;
  std::uint32_t limit = 0;
  std::size_t payload_bytes_max = 0;  // ends early (but never before the first) when payloads pass it
};
struct PolledDelivery {
  DeliveryId id;
  domain::EventPtr event;
  std::int64_t place = 0;
};
struct PolledPage {
  std::vector<PolledDelivery> items;
  bool more = false;  // something stands behind the last
};

// The first `limit` pending deliveries up to and including place `through` become succeeded. Those that are so already, or were
// cancelled, stay as they are: an acknowledgement may be repeated.
struct AcknowledgePolled {
  SubscriptionKey subscription;
  std::int64_t through = 0;
  std::uint32_t limit = 0;
  Timestamp at;
};
struct AcknowledgedPolled {
  std::uint32_t count = 0;
  bool more = false;  // a further step would find something
};

}  // namespace posthorn::store
