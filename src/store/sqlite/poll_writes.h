// Acknowledging what the consumer of a poll subscription has read. Runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/poll_operations.h"
#include "store/sqlite/statistics_log.h"

namespace posthorn::store::sqlite {

class PollWrites {
 public:
  PollWrites(Connection& connection, StatisticsLog& statistics) : connection_(connection), statistics_(statistics) {}

  Result<AcknowledgedPolled> acknowledge(const AcknowledgePolled& write);

 private:
  Connection& connection_;
  StatisticsLog& statistics_;

  Statement pending_{
      connection_,
      "SELECT d.key, d.tenant, e.topic, e.accepted FROM deliveries d INDEXED BY deliveries_pending "
      "JOIN events e ON e.key = d.event WHERE d.subscription = ?1 AND d.state = 0 AND d.order_key IS NULL AND d.due > ?2 "
      "AND d.due <= ?3 ORDER BY d.due LIMIT ?4"};
  Statement acknowledge_{connection_, "UPDATE deliveries SET state = 1, updated = ?2 WHERE key = ?1"};
};

}  // namespace posthorn::store::sqlite
