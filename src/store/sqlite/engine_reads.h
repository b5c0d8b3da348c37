// What engines read: lanes that have work, their pending deliveries, fan-outs that are not finished.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

class EngineReads {
 public:
  explicit EngineReads(Connection& connection) : connection_(connection) {}

  // Subscriptions that were deleted, themselves or with their tenant, have no work.
  std::vector<LaneWork> lanes_with_work(const std::vector<std::uint32_t>& shards);
  std::vector<domain::PendingDelivery> load_pending(const LoadPending& query);
  std::vector<UnfinishedFanout> unfinished_fanouts();
  PendingCount count_pending();

 private:
  bool lives(SubscriptionKey subscription);

  Connection& connection_;

  // One step of a walk from subscription to subscription, whatever number of deliveries each has.
  Statement next_lane_{connection_,
                       "SELECT subscription, due FROM deliveries INDEXED BY deliveries_pending "
                       "WHERE state = 0 AND subscription > ?1 ORDER BY subscription, due LIMIT 1"};
  Statement lives_{connection_,
                   "SELECT 1 FROM subscriptions s WHERE s.key = ?1 AND s.deleted = 0 "
                   "AND NOT EXISTS (SELECT 1 FROM tenants WHERE key = s.tenant AND deleted > 0)"};
  Statement pending_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS
                                  ", d.key, d.salt, d.attempts, d.schedule_start, d.due "
                                  "FROM deliveries d INDEXED BY deliveries_pending JOIN events e ON e.key = d.event "
                                  "WHERE d.subscription = ?1 AND d.state = 0 AND d.due <= ?2 AND (d.due, d.key) > (?3, ?4) "
                                  "AND e.payload IS NOT NULL "
                                  "ORDER BY d.due, d.key LIMIT ?5"};
  Statement fanouts_{connection_,
                     "SELECT " POSTHORN_EVENT_COLUMNS
                     ", f.after FROM fanouts f JOIN events e ON e.key = f.event "
                     "WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE key = e.tenant AND deleted > 0) ORDER BY f.event"};
  Statement count_{connection_,
                   "SELECT count(*), min(key) FROM deliveries INDEXED BY deliveries_pending WHERE state = 0 AND due < ?1"};
  Statement accepted_{connection_, "SELECT e.accepted FROM deliveries d JOIN events e ON e.key = d.event WHERE d.key = ?1"};
};

}  // namespace posthorn::store::sqlite
