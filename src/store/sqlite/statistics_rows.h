// The counters' rows. Writing runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/sqlite/database.h"
#include "store/sqlite/known.h"
#include "store/statistics_operations.h"

namespace posthorn::store::sqlite {

class StatisticsWrites {
 public:
  StatisticsWrites(Connection& connection, Known& known) : connection_(connection), known_(known) {}

  // Rows of tenants that were deleted are left out.
  Result<void> add(const AddStatistics& write);

 private:
  Connection& connection_;
  Known& known_;

  Statement find_{connection_,
                  "SELECT counters FROM statistics WHERE tenant = ?1 AND subscription = ?2 AND topic = ?3 AND hour = ?4"};
  Statement insert_{connection_,
                    "INSERT INTO statistics(tenant, subscription, topic, hour, counters) VALUES(?1, ?2, ?3, ?4, ?5)"};
  Statement update_{connection_,
                    "UPDATE statistics SET counters = ?5 WHERE tenant = ?1 AND subscription = ?2 AND topic = ?3 AND hour = ?4"};
};

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
