// Reading a poll subscription's deliveries, in the order of their places (poll_order.h).
#pragma once

#include "base/result.h"
#include "store/poll_operations.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

class PollReads {
 public:
  explicit PollReads(Connection& connection) : connection_(connection) {}

  PolledPage poll(const PollDeliveries& query);

 private:
  Connection& connection_;

  Statement page_{
      connection_,
      "SELECT " POSTHORN_EVENT_COLUMNS
      ", d.key, d.salt, d.due FROM deliveries d INDEXED BY deliveries_pending "
      "JOIN events e ON e.key = d.event WHERE d.subscription = ?1 AND d.state = 0 AND d.order_key IS NULL AND d.due > ?2 "
      "AND e.payload IS NOT NULL ORDER BY d.due LIMIT ?3"};
};

}  // namespace posthorn::store::sqlite
