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
  OrderedPage load_ordered(const LoadOrdered& query);
  std::vector<EndpointHealth> load_health();
  std::vector<UnfinishedFanout> unfinished_fanouts();
  PendingCount count_pending();

 private:
  bool lives(SubscriptionKey subscription);
  Sequence read_sequence(const LoadOrdered& query, std::int64_t order_key, EventKey after, std::size_t& payload_bytes);

  Connection& connection_;

  // One step of a walk from subscription to subscription, whatever number of deliveries each has.
  Statement next_lane_{connection_,
                       "SELECT subscription, due FROM deliveries INDEXED BY deliveries_pending "
                       "WHERE state = 0 AND order_key IS NULL AND subscription > ?1 ORDER BY subscription, due LIMIT 1"};
  Statement next_ordered_lane_{connection_,
                               "SELECT subscription FROM deliveries INDEXED BY deliveries_ordered "
                               "WHERE state = 0 AND order_key IS NOT NULL AND subscription > ?1 ORDER BY subscription LIMIT 1"};
  Statement next_sequence_{connection_,
                           "SELECT order_key, due FROM deliveries INDEXED BY deliveries_ordered "
                           "WHERE subscription = ?1 AND state = 0 AND order_key IS NOT NULL AND order_key >= ?2 "
                           "ORDER BY order_key, event LIMIT 1"};
  Statement sequence_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS
                                   ", d.key, d.salt, d.attempts, d.schedule_start, d.due "
                                   "FROM deliveries d INDEXED BY deliveries_ordered JOIN events e ON e.key = d.event "
                                   "WHERE d.subscription = ?1 AND d.state = 0 AND d.order_key IS NOT NULL "
                                   "AND d.order_key = ?2 AND d.event > ?3 AND e.payload IS NOT NULL ORDER BY d.event LIMIT ?4"};
  Statement health_{connection_, "SELECT subscription, failing_since, told FROM endpoint_health"};
  Statement lives_{connection_,
                   "SELECT 1 FROM subscriptions s WHERE s.key = ?1 AND s.deleted = 0 "
                   "AND NOT EXISTS (SELECT 1 FROM tenants WHERE key = s.tenant AND deleted > 0)"};
  Statement pending_{
      connection_,
      "SELECT " POSTHORN_EVENT_COLUMNS
      ", d.key, d.salt, d.attempts, d.schedule_start, d.due "
      "FROM deliveries d INDEXED BY deliveries_pending JOIN events e ON e.key = d.event "
      "WHERE d.subscription = ?1 AND d.state = 0 AND d.order_key IS NULL AND d.due <= ?2 AND (d.due, d.key) > (?3, ?4) "
      "AND e.payload IS NOT NULL "
      "ORDER BY d.due, d.key LIMIT ?5"};
  Statement fanouts_{connection_,
                     "SELECT " POSTHORN_EVENT_COLUMNS
                     ", f.after, f.rest FROM fanouts f JOIN events e ON e.key = f.event "
                     "WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE key = e.tenant AND deleted > 0) ORDER BY f.event"};
  Statement rest_{connection_, "SELECT subscriptions FROM fanout_rests WHERE key = ?1"};
  Statement count_{connection_,
                   "SELECT count(*), min(key) FROM deliveries INDEXED BY deliveries_pending "
                   "WHERE state = 0 AND order_key IS NULL AND due < 1 << 62"};  // domain::kNeverDue
  Statement count_ordered_{connection_,
                           "SELECT count(*), min(key) FROM deliveries INDEXED BY deliveries_ordered "
                           "WHERE state = 0 AND order_key IS NOT NULL"};
  Statement accepted_{connection_, "SELECT e.accepted FROM deliveries d JOIN events e ON e.key = d.event WHERE d.key = ?1"};
};

}  // namespace posthorn::store::sqlite
