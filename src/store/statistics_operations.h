// The store's operations on statistics: counters by hour, added to while events are delivered. See
// domain/outbound/statistics.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/outbound/statistics.h"
#include "store/operations.h"

namespace posthorn::store {

// Adds to the stored counters, all in one transaction.
struct AddStatistics {
  struct Row {
    domain::Series series;
    domain::Counters counters;
  };
  std::vector<Row> rows;
};

// One series' hours from `from_hour` to before `until_hour`; hours without counters are left out. In order.
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
