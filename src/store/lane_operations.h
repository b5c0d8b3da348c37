// The store's operations that are about lanes as a whole: who has work, ordered work, endpoints' health. (operations.h has the
// rest.)
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "domain/outbound/delivery.h"

namespace posthorn::store {

// What an attempt says of its endpoint, when that is news.
enum class HealthChange : std::uint8_t {
  none,
  failing,  // it fails since RecordAttempt::failing_since
  told,     // the same, and its tenant is told
  well,     // it does not fail any more
};

// An endpoint that fails: every attempt since has failed.
struct EndpointHealth {
  SubscriptionKey subscription;
  Timestamp failing_since;
  bool told = false;
};

struct LaneWork {
  SubscriptionKey subscription;
  std::optional<Timestamp> earliest_due;  // of those without an order key
  bool ordered = false;                   // there are some with one
};

// Pending deliveries with an order key of one subscription, sequence by sequence. (A sequence: those with the same order key,
// by event.)
struct LoadOrdered {
  SubscriptionKey subscription;
  std::int64_t from = std::numeric_limits<std::int64_t>::min();  // the first order key to look at
  EventKey after;                                                // of `from`: only events later than it
  bool one_sequence = false;                                     // look at `from` only, whenever it is due
  Timestamp due_until;                                           // sequences whose first is due later are named, not read
  std::uint32_t sequences_max = 0;                               // looked at
  std::uint32_t per_sequence = 0;                                // deliveries read of one
  std::uint32_t limit = 0;                                       // deliveries read in all, about
  std::size_t payload_bytes_max = 0;  // ends early (but never before the first) when payloads pass it
};
struct Sequence {
  std::int64_t order_key = 0;
  std::vector<domain::PendingDelivery> deliveries;  // none: the first is due later
  Timestamp due;                                    // of the first
  bool more = false;                                // the store has later ones
};
struct OrderedPage {
  std::vector<Sequence> sequences;   // by order key
  std::optional<std::int64_t> next;  // where to go on; nothing: there is no further one
};

}  // namespace posthorn::store
