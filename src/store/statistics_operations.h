// The store's operations on statistics: counters by hour. The store itself counts, in the transaction that writes what is
// counted: accepted events, recorded attempts and what became of their deliveries, acknowledged deliveries. See
// domain/outbound/statistics.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/outbound/statistics.h"
#include "store/operations.h"

namespace posthorn::store {

// Everything that was committed before is counted (unless the store cannot write now: then a part of the newest may be
// missing). One series' hours from `from_hour` to before `until_hour`; hours without counters are left out. In order.
struct ReadStatistics {
  TenantKey tenant;
  SubscriptionKey subscription;
  std::string topic;
  std::int64_t from_hour = 0;
  std::int64_t until_hour = 0;
};
struct HourCounters {
  std::int64_t hour = 0;
  domain::Counters counters;
};

}  // namespace posthorn::store
