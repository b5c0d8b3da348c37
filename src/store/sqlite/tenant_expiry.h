// TenantExpiry: retention of tenants that keep less than the server does, one bounded step at a time, inside the writer's
// transaction.
//
// As Expiry does for all rows, a cursor for each tenant and kind moves once through the tenant's keys up to its cut-off; what
// had to stay is noted and looked at again, a few in each step. What was treated here, Expiry finds done when it comes by.
#pragma once

#include "store/privacy_operations.h"
#include "store/sqlite/expiry.h"

namespace posthorn::store::sqlite {

class TenantExpiry {
 public:
  TenantExpiry(Connection& connection, Expiry& expiry) : connection_(connection), expiry_(expiry) {}

  Result<Expired> step(const ExpireTenant& write);
  // Payload, pending deliveries and recorded answers of one event.
  Result<ExpungedEvent> expunge(const ExpungeEvent& write);

 private:
  template <class Treat>
  void walk(TenantKey tenant, Expiry::Kind kind, std::int64_t below, Statement& next, Expiry::Budget& budget,
            std::uint32_t held_max, Treat treat);

  Connection& connection_;
  Expiry& expiry_;

  Statement load_{connection_, "SELECT cursor, held_cursor FROM expiry_tenants WHERE tenant = ?1 AND kind = ?2"};
  Statement save_{connection_,
                  "INSERT OR REPLACE INTO expiry_tenants(tenant, kind, cursor, held_cursor) VALUES(?1, ?2, ?3, ?4)"};
  Statement hold_{connection_, "INSERT OR IGNORE INTO expiry_tenant_held(tenant, kind, key) VALUES(?1, ?2, ?3)"};
  Statement let_go_{connection_, "DELETE FROM expiry_tenant_held WHERE tenant = ?1 AND kind = ?2 AND key = ?3"};
  Statement next_held_{connection_,
                       "SELECT key FROM expiry_tenant_held WHERE tenant = ?1 AND kind = ?2 AND key > ?3 AND key < ?4 "
                       "ORDER BY key LIMIT ?5"};
#define POSTHORN_NEXT_OF_TENANT(table)           \
  "SELECT r.key FROM places p CROSS JOIN " table \
  " r WHERE p.owner = ?1 AND " POSTHORN_IN_PLACE("r", "(?2 + 1)", "?3") "AND r.tenant = ?1 ORDER BY p.bucket, r.key LIMIT ?4"
  Statement next_events_{connection_, POSTHORN_NEXT_OF_TENANT("events")};
  Statement next_deliveries_{connection_, POSTHORN_NEXT_OF_TENANT("deliveries")};
#undef POSTHORN_NEXT_OF_TENANT

  Statement event_{connection_, "SELECT payload IS NULL FROM events WHERE key = ?1 AND salt = ?2 AND tenant = ?3"};
  Statement blank_payload_{connection_, "UPDATE events SET payload = NULL WHERE key = ?1"};
  // Its deliveries are found by it (migration_0003.cc).
  Statement keep_last_delivery_{connection_,
                                "UPDATE events SET last_delivery = (SELECT last_delivery FROM fanouts WHERE event = ?1) "
                                "WHERE key = ?1 AND EXISTS (SELECT 1 FROM fanouts WHERE event = ?1)"};
  Statement delete_fanout_{connection_, "DELETE FROM fanouts WHERE event = ?1"};
  Statement deliveries_of_event_{
      connection_,
      "SELECT key, subscription, state FROM deliveries WHERE key > max(?1, ?2) "
      "AND key <= (SELECT last_delivery FROM events WHERE key = ?1) AND event = ?1 ORDER BY key LIMIT ?3"};
  Statement cancel_{connection_, "UPDATE deliveries SET state = 3, updated = ?2 WHERE key = ?1 AND state = 0"};
  Statement blank_answers_{connection_, "UPDATE attempts SET response = NULL WHERE delivery = ?1 AND response IS NOT NULL"};
};

}  // namespace posthorn::store::sqlite
