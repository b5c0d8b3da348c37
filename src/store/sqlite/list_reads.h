// What surfaces read: events, deliveries and attempts of one tenant, newest first.
//
// A walk goes through the places of a tenant or a subscription (places.h) and applies the filters on the way; only what passes
// is read in full. It ends after kRowsWalkedMax rows, and a page after kPageBytesMax of payloads, so a page may be short, or
// empty, and still have a `next`.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/places.h"
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
  Cursor walk_deliveries(const ListDeliveries& query, std::int64_t from, std::int64_t below);

  Connection& connection_;

  Statement deleted_tenant_{connection_, "SELECT 1 FROM tenants WHERE key = ?1 AND deleted > 0"};
  Statement event_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS
                                ", e.matched FROM events e WHERE e.key = ?1 AND e.salt = ?2 AND e.tenant = ?3"};
  Statement external_event_{
      connection_, "SELECT " POSTHORN_EVENT_COLUMNS ", e.matched FROM events e WHERE e.tenant = ?1 AND e.external_id = ?2"};
  Statement event_by_key_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS ", e.matched FROM events e WHERE e.key = ?1"};
  Statement walk_events_{
      connection_,
      "SELECT e.key, e.tenant, e.topic FROM places p CROSS JOIN events e WHERE p.owner = ?1 AND " POSTHORN_IN_PLACE(
          "e", "?2", "?3") "ORDER BY p.bucket DESC, e.key DESC"};

#define POSTHORN_DELIVERY_SOURCE      \
  "SELECT " POSTHORN_DELIVERY_COLUMNS \
  " FROM deliveries d JOIN events e ON e.key = d.event LEFT JOIN subscriptions s ON s.key = d.subscription "
  Statement delivery_{connection_, POSTHORN_DELIVERY_SOURCE "WHERE d.key = ?1 AND d.salt = ?2 AND d.tenant = ?3"};
  Statement delivery_by_key_{connection_, POSTHORN_DELIVERY_SOURCE "WHERE d.key = ?1"};
#undef POSTHORN_DELIVERY_SOURCE

#define POSTHORN_WALKED "SELECT d.key, d.tenant, d.event, d.subscription, d.state FROM "
  Statement walk_owner_{connection_,
                        POSTHORN_WALKED "places p CROSS JOIN deliveries d WHERE p.owner = ?1 AND " POSTHORN_IN_PLACE(
                            "d", "?2", "?3") "ORDER BY p.bucket DESC, d.key DESC"};
  Statement walk_event_{connection_, POSTHORN_WALKED
                        "deliveries d WHERE d.key > max(?1, ?2 - 1) AND d.key < min(?3, 1 + "
                        "coalesce((SELECT last_delivery FROM fanouts WHERE event = ?1), "
                        "(SELECT last_delivery FROM events WHERE key = ?1))) ORDER BY d.key DESC"};
  Statement walk_failed_{
      connection_, POSTHORN_WALKED
      "deliveries d INDEXED BY deliveries_failed "
      "WHERE d.tenant = ?1 AND d.state = ?4 AND d.state >= 2 AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key DESC"};
#undef POSTHORN_WALKED

  Statement is_delivery_{connection_, "SELECT 1 FROM deliveries WHERE key = ?1 AND salt = ?2 AND tenant = ?3"};
  Statement attempts_{connection_, "SELECT " POSTHORN_ATTEMPT_COLUMNS " FROM attempts WHERE delivery = ?1 ORDER BY number"};
};

}  // namespace posthorn::store::sqlite
