// What surfaces read: events, deliveries and attempts of one tenant, newest first.
//
// Filters that have no index of their own are applied while walking; a walk ends after kRowsWalkedMax rows and a page after
// kPageBytesMax of payloads, so a page may be short, or empty, and still have a `next`.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

class ListReads {
 public:
  explicit ListReads(Connection& connection) : connection_(connection) {}

  Result<EventRow> find_event(const FindEvent& query);
  Page<EventRow> list_events(const ListEvents& query);
  Result<domain::Delivery> find_delivery(const FindDelivery& query);
  Page<domain::Delivery> list_deliveries(const ListDeliveries& query);
  Result<std::vector<domain::Attempt>> list_attempts(const ListAttempts& query);

 private:
  bool lives(TenantKey tenant);
  Cursor open_deliveries(const ListDeliveries& query, std::int64_t from, std::int64_t below);

  Connection& connection_;

  Statement deleted_tenant_{connection_, "SELECT 1 FROM tenants WHERE key = ?1 AND deleted > 0"};
  Statement event_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS
                                ", e.matched FROM events e WHERE e.key = ?1 AND e.salt = ?2 AND e.tenant = ?3"};
  Statement external_event_{
      connection_, "SELECT " POSTHORN_EVENT_COLUMNS ", e.matched FROM events e WHERE e.tenant = ?1 AND e.external_id = ?2"};
  Statement events_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS
                                 ", e.matched FROM events e INDEXED BY events_by_tenant "
                                 "WHERE e.tenant = ?1 AND e.key >= ?2 AND e.key < ?3 ORDER BY e.key DESC"};

#define POSTHORN_DELIVERY_SOURCE(index)                           \
  "SELECT " POSTHORN_DELIVERY_COLUMNS " FROM deliveries d " index \
  " JOIN events e ON e.key = d.event LEFT JOIN subscriptions s ON s.key = d.subscription "
  Statement delivery_{connection_, POSTHORN_DELIVERY_SOURCE("") "WHERE d.key = ?1 AND d.salt = ?2 AND d.tenant = ?3"};
  Statement by_tenant_{
      connection_,
      POSTHORN_DELIVERY_SOURCE(
          "INDEXED BY deliveries_by_tenant") "WHERE d.tenant = ?1 AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key DESC"};
  Statement by_event_{
      connection_,
      POSTHORN_DELIVERY_SOURCE(
          "INDEXED BY deliveries_by_event") "WHERE d.event = ?1 AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key DESC"};
  Statement by_subscription_{connection_, POSTHORN_DELIVERY_SOURCE("INDEXED BY deliveries_by_subscription")
                                          "WHERE d.subscription = ?1 AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key DESC"};
  Statement failed_{connection_,
                    POSTHORN_DELIVERY_SOURCE("INDEXED BY deliveries_failed")
                    "WHERE d.tenant = ?1 AND d.state = ?4 AND d.state >= 2 AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key DESC"};
#undef POSTHORN_DELIVERY_SOURCE

  Statement is_delivery_{connection_, "SELECT 1 FROM deliveries WHERE key = ?1 AND salt = ?2 AND tenant = ?3"};
  Statement attempts_{connection_, "SELECT " POSTHORN_ATTEMPT_COLUMNS " FROM attempts WHERE delivery = ?1 ORDER BY number"};
};

}  // namespace posthorn::store::sqlite
