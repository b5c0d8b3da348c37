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
  Statement next_events_{connection_,
                         "SELECT key FROM events INDEXED BY events_by_tenant WHERE tenant = ?1 AND key > ?2 AND key < ?3 "
                         "ORDER BY key LIMIT ?4"};
  Statement next_deliveries_{connection_,
                             "SELECT key FROM deliveries INDEXED BY deliveries_by_tenant WHERE tenant = ?1 AND key > ?2 "
                             "AND key < ?3 ORDER BY key LIMIT ?4"};

  Statement event_{connection_, "SELECT payload IS NULL FROM events WHERE key = ?1 AND salt = ?2 AND tenant = ?3"};
  Statement blank_payload_{connection_, "UPDATE events SET payload = NULL WHERE key = ?1"};
  Statement delete_fanout_{connection_, "DELETE FROM fanouts WHERE event = ?1"};
  Statement deliveries_of_event_{connection_,
                                 "SELECT key, subscription, state FROM deliveries INDEXED BY deliveries_by_event "
                                 "WHERE event = ?1 AND key > ?2 ORDER BY key LIMIT ?3"};
  Statement cancel_{connection_, "UPDATE deliveries SET state = 3, updated = ?2 WHERE key = ?1 AND state = 0"};
  Statement blank_answers_{connection_, "UPDATE attempts SET response = NULL WHERE delivery = ?1 AND response IS NOT NULL"};
};

}  // namespace posthorn::store::sqlite
