// Expiry: retention, one bounded step at a time, inside the writer's transaction.
//
// How it avoids looking at the same rows for ever: keys grow with time, so what is older than a cut-off is a range of keys. For
// each kind a cursor moves through that range once. What may not go yet (a delivery still pending, an event with one) is noted
// in expiry_held, and the notes are gone through again after the range, in turns with a cursor of their own. Deleted tenants
// and subscriptions are swept here too. Deliveries that wait for their consumer to read them (kNeverDue) keep their payloads,
// but go with the others of their age: nobody may ever come for them.
#pragma once

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/known.h"
#include "store/sqlite/places.h"

namespace posthorn::store::sqlite {

class Expiry {
 public:
  Expiry(Connection& connection, Known& known) : connection_(connection), known_(known) {}

  Result<Expired> step(const Expire& write);

  // Deliveries with their attempts, and events with their fan-outs, of one tenant: about `limit` rows; answers how many.
  std::uint64_t remove_rows_of(TenantKey tenant, std::size_t limit);

 private:
  friend class TenantExpiry;  // treats rows in the same way

  enum class Kind { stage = 0, payloads = 1, attempts = 2, deliveries = 3, events = 4, subscriptions = 5, places = 6 };
  enum class Treated { done, hold };
  struct Cursors {
    std::int64_t passed = 0;
    std::int64_t held = 0;
  };
  // What one step may still do: it ends when there is nothing left of it.
  struct Budget {
    std::size_t rows;
    void take(std::size_t count) { rows -= std::min(rows, count); }
  };

  void run_stage(std::int64_t stage, const Expire& write, Budget& budget, Expired& expired);
  template <class Treat>
  void walk(Kind kind, std::int64_t below, Statement& next, Budget& budget, Treat treat);
  template <class Treat>
  void walk_held(Kind kind, std::int64_t below, Cursors& cursors, Budget& budget, Treat treat);
  Cursors load(Kind kind);
  void save(Kind kind, const Cursors& cursors);
  template <class... Values>
  std::vector<std::int64_t> keys(Statement& statement, const Values&... values);

  void expire_jobs(Timestamp before, Budget& budget);
  void expire_statistics(Timestamp before, Budget& budget);
  void expire_idempotency(const Expire& write, Budget& budget, Expired& expired);
  Treated expire_payload(std::int64_t event, Expired& expired);
  Treated expire_attempts(std::int64_t delivery, Timestamp before, Budget& budget, Expired& expired);
  Treated expire_delivery(std::int64_t delivery, std::int64_t below, Budget& budget, Expired& expired);
  Treated expire_event(std::int64_t event, Expired& expired);
  std::uint64_t remove_delivery(std::int64_t delivery, Expired& expired);
  bool has_deliveries(std::int64_t event) { return any_delivery_.open(event).next(); }
  bool fans_out(std::int64_t event) { return fanout_.open(event).next(); }

  void sweep_places(Budget& budget);
  void sweep_subscriptions(Timestamp before, Budget& budget);
  void sweep_tenants(Budget& budget, Expired& expired);
  void remove_rows_of(std::int64_t tenant, Budget& budget, Expired& expired);
  void sweep_tenant(std::int64_t tenant, Budget& budget, Expired& expired);
  void sweep_place(std::int64_t tenant, std::int64_t bucket, Budget& budget, Expired& expired);

  Connection& connection_;
  Known& known_;

  Statement load_{connection_, "SELECT cursor, held_cursor FROM expiry WHERE kind = ?1"};
  Statement save_{connection_, "INSERT OR REPLACE INTO expiry(kind, cursor, held_cursor) VALUES(?1, ?2, ?3)"};
  Statement hold_{connection_, "INSERT OR IGNORE INTO expiry_held(kind, key) VALUES(?1, ?2)"};
  Statement let_go_{connection_, "DELETE FROM expiry_held WHERE kind = ?1 AND key = ?2"};
  Statement next_held_{connection_,
                       "SELECT key FROM expiry_held WHERE kind = ?1 AND key > ?2 AND key < ?3 ORDER BY key LIMIT ?4"};
  Statement next_events_{connection_, "SELECT key FROM events WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3"};
  Statement next_deliveries_{connection_, "SELECT key FROM deliveries WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3"};

  Statement delete_idempotency_{connection_,
                                "DELETE FROM idempotency WHERE event IN "
                                "(SELECT event FROM idempotency WHERE event < ?1 ORDER BY event LIMIT ?2)"};
  Statement delete_jobs_{
      connection_, "DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE key < ?1 AND state >= 2 ORDER BY key LIMIT ?2)"};
  Statement delete_statistics_{
      connection_,
      "DELETE FROM statistics WHERE (tenant, subscription, topic, hour) IN (SELECT tenant, subscription, "
      "topic, hour FROM statistics INDEXED BY statistics_by_hour WHERE hour < ?1 LIMIT ?2)"};
  Statement delete_statistics_of_{connection_,
                                  "DELETE FROM statistics WHERE (tenant, subscription, topic, hour) IN (SELECT tenant, "
                                  "subscription, topic, hour FROM statistics WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_jobs_of_{connection_, "DELETE FROM jobs WHERE key IN (SELECT key FROM jobs WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_held_of_{connection_,
                            "DELETE FROM expiry_tenant_held WHERE (tenant, kind, key) IN (SELECT tenant, kind, key "
                            "FROM expiry_tenant_held WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_cursors_of_{connection_,
                               "DELETE FROM expiry_tenants WHERE (tenant, kind) IN (SELECT tenant, kind FROM expiry_tenants "
                               "WHERE tenant = ?1 LIMIT ?2)"};
  // Of an event whose fan-out is finished.
#define POSTHORN_OF_EVENT                                                                                                 \
  "SELECT 1 FROM deliveries NOT INDEXED WHERE key > ?1 AND key <= (SELECT last_delivery FROM events WHERE key = ?1) AND " \
  "event = ?1 "
  Statement pending_of_event_{connection_, POSTHORN_OF_EVENT "AND state = 0 LIMIT 1"};
  Statement any_delivery_{connection_, POSTHORN_OF_EVENT "LIMIT 1"};
#undef POSTHORN_OF_EVENT
  Statement fanout_{connection_, "SELECT 1 FROM fanouts WHERE event = ?1"};
  Statement blank_payload_{connection_, "UPDATE events SET payload = NULL WHERE key = ?1 AND payload IS NOT NULL"};
  Statement delivery_{connection_, "SELECT state, event, due FROM deliveries WHERE key = ?1"};
  Statement newest_attempt_{connection_, "SELECT max(started) FROM attempts WHERE delivery = ?1"};
  Statement delete_attempts_{connection_, "DELETE FROM attempts WHERE delivery = ?1"};
  Statement delete_delivery_{connection_, "DELETE FROM deliveries WHERE key = ?1"};
  Statement delete_event_{connection_, "DELETE FROM events WHERE key = ?1"};

  Statement next_subscriptions_{connection_,
                                "SELECT key FROM subscriptions INDEXED BY subscriptions_deleted "
                                "WHERE deleted = 1 AND key > ?1 ORDER BY key LIMIT ?2"};
  Statement cancel_of_{connection_,
                       "UPDATE deliveries SET state = 3 WHERE key IN (SELECT key FROM deliveries "
                       "INDEXED BY deliveries_pending WHERE subscription = ?1 AND state = 0 AND order_key IS NULL LIMIT ?2)"};
  Statement cancel_ordered_of_{connection_,
                               "UPDATE deliveries SET state = 3 WHERE key IN (SELECT key FROM deliveries INDEXED BY "
                               "deliveries_ordered WHERE subscription = ?1 AND state = 0 AND order_key IS NOT NULL LIMIT ?2)"};
  Statement forget_health_{connection_, "DELETE FROM endpoint_health WHERE subscription = ?1"};
  Statement delete_subscription_{connection_,
                                 "DELETE FROM subscriptions WHERE key = ?1 AND updated < ?2 AND NOT EXISTS "
                                 "(SELECT 1 FROM places WHERE owner = ?1)"};

  Statement deleted_tenant_{connection_, "SELECT key FROM tenants WHERE deleted = 1 LIMIT 1"};
#define POSTHORN_OF_TENANT \
  "key >= ?2 << " POSTHORN_PLACE_BITS " AND key < (?2 + 1) << " POSTHORN_PLACE_BITS " AND tenant = ?1 LIMIT ?3"
  Statement deliveries_of_tenant_{connection_, "SELECT key FROM deliveries WHERE " POSTHORN_OF_TENANT};
  Statement events_of_tenant_{connection_, "SELECT key FROM events WHERE " POSTHORN_OF_TENANT};
#undef POSTHORN_OF_TENANT
  Statement first_place_{connection_, "SELECT bucket FROM places WHERE owner = ?1 ORDER BY bucket LIMIT 1"};
  Statement delete_place_{connection_, "DELETE FROM places WHERE owner = ?1 AND bucket = ?2"};
  // Those below a bucket.
  Statement delete_places_{connection_,
                           "DELETE FROM places WHERE owner = ?1 AND bucket IN "
                           "(SELECT bucket FROM places WHERE owner = ?1 AND bucket < ?2 ORDER BY bucket LIMIT ?3)"};
  Statement next_owner_{connection_, "SELECT owner FROM places WHERE owner > ?1 ORDER BY owner LIMIT 1"};
  Statement oldest_key_{
      connection_, "SELECT min(coalesce((SELECT min(key) FROM events), ?1), coalesce((SELECT min(key) FROM deliveries), ?1))"};
  Statement delete_fanout_{connection_, "DELETE FROM fanouts WHERE event = ?1"};
  Statement delete_idempotency_of_{connection_,
                                   "DELETE FROM idempotency WHERE event IN "
                                   "(SELECT event FROM idempotency WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_topics_of_{connection_,
                              "DELETE FROM topics WHERE key IN (SELECT key FROM topics WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_scopes_of_{connection_,
                              "DELETE FROM scopes WHERE key IN (SELECT key FROM scopes WHERE tenant = ?1 LIMIT ?2)"};
  Statement delete_automations_of_{
      connection_, "DELETE FROM automations WHERE key IN (SELECT key FROM automations WHERE tenant = ?1 LIMIT ?2)"};
  Statement subscriptions_of_{connection_, "SELECT key FROM subscriptions WHERE tenant = ?1 LIMIT ?2"};
  Statement remove_subscription_{connection_, "DELETE FROM subscriptions WHERE key = ?1"};
  Statement tenant_is_swept_{connection_, "UPDATE tenants SET deleted = 2 WHERE key = ?1"};
};

template <class... Values>
std::vector<std::int64_t> Expiry::keys(Statement& statement, const Values&... values) {
  std::vector<std::int64_t> found;
  for (Cursor row = statement.open(values...); row.next();) found.push_back(row.integer(0));
  return found;
}

}  // namespace posthorn::store::sqlite
