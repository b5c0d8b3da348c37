// Reading the counters' rows. See statistics_log.h for how they come about.
#pragma once

#include "base/result.h"
#include "store/sqlite/database.h"
#include "store/statistics_operations.h"

namespace posthorn::store::sqlite {

// Named so that a test can ask SQLite how it is carried out.
inline constexpr const char* kReadStatisticsSql =
    "SELECT hour, counters FROM statistics WHERE tenant = ?1 AND subscription = ?2 AND topic = ?3 AND hour >= ?4 AND hour < ?5 "
    "AND NOT EXISTS (SELECT 1 FROM tenants WHERE key = ?1 AND deleted > 0) ORDER BY hour";

class StatisticsReads {
 public:
  explicit StatisticsReads(Connection& connection) : connection_(connection) {}

  std::vector<HourCounters> read(const ReadStatistics& query);

 private:
  Connection& connection_;

  Statement hours_{connection_, kReadStatisticsSql};
};

}  // namespace posthorn::store::sqlite
