// Jobs: their rows, and the steps that change deliveries. Each runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/job_operations.h"
#include "store/sqlite/job_rows.h"
#include "store/sqlite/known.h"
#include "store/sqlite/places.h"
#include "store/sqlite/poll_order.h"

namespace posthorn::store::sqlite {

class JobWrites {
 public:
  JobWrites(Connection& connection, Known& known, PollOrder& poll_order)
      : connection_(connection), known_(known), poll_order_(poll_order) {}

  Result<void> start(const StartJob& write);
  Result<domain::Job> change(const ChangeJob& write);
  Result<void> fail(const FailJob& write);
  Result<AdvancedJob> advance(const AdvanceJob& write);

  // The job when a step may be made: it runs, and the lease holds.
  Result<domain::Job> runnable(const Lease& lease, domain::JobKey job);
  void save_progress(const domain::Job& job);

 private:
  bool restart(DeliveryKey delivery, const domain::Job& job, Timestamp now, AdvancedJob& advanced);
  // A key near the event's, as those of its first deliveries (migration_0003.cc).
  DeliveryKey key_near(std::int64_t last_delivery);
  bool make(const AdvanceJob::Missing& missing, const domain::Job& job, Timestamp now, AdvancedJob& advanced);

  Connection& connection_;
  Known& known_;
  PollOrder& poll_order_;

  Statement insert_{
      connection_,
      "INSERT INTO jobs(" POSTHORN_JOB_COLUMNS
      ") VALUES(?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, nullif(?8, -1), ?9, ?10, ?11, ?12, ?13, 0, 0, 0, NULL, '', ?14, ?14)"};
  Statement unfinished_{connection_,
                        "SELECT count(*) FROM jobs INDEXED BY jobs_unfinished WHERE state <= 1 AND state IN (0, 1) "
                        "AND tenant = ?1"};
  Statement find_{connection_, "SELECT " POSTHORN_JOB_COLUMNS " FROM jobs WHERE key = ?1"};
  Statement set_state_{connection_, "UPDATE jobs SET state = ?2, error = ?3, updated = ?4 WHERE key = ?1"};
  Statement save_{connection_,
                  "UPDATE jobs SET state = ?2, cursor = ?3, examined = ?4, changed = ?5, skipped = ?6, total = ?7, "
                  "updated = ?8 WHERE key = ?1"};
  Statement delivery_{connection_,
                      "SELECT d.state, d.subscription, d.due, e.payload IS NULL FROM deliveries d JOIN events e "
                      "ON e.key = d.event WHERE d.key = ?1 AND d.tenant = ?2"};
  Statement restart_{connection_,
                     "UPDATE deliveries SET state = 0, schedule_start = attempts, due = ?2, updated = ?3, "
                     "order_key = NULL WHERE key = ?1"};
  // Its attempts may have been expired already; the new ones are to be found (expiry.h, Kind::attempts).
  Statement watch_attempts_{connection_, "INSERT OR IGNORE INTO expiry_held(kind, key) VALUES(2, ?1)"};
  Statement event_{
      connection_,
      "SELECT payload IS NULL, coalesce(last_delivery, key) FROM events WHERE key = ?1 AND tenant = ?2 AND NOT EXISTS "
      "(SELECT 1 FROM fanouts WHERE event = ?1) AND NOT EXISTS (SELECT 1 FROM deliveries WHERE key > ?1 "
      "AND key <= events.last_delivery AND event = ?1 AND subscription = ?3)"};
  Statement is_taken_{connection_, "SELECT 1 FROM deliveries WHERE key = ?1"};
  Statement insert_delivery_{connection_,
                             "INSERT INTO deliveries(key, salt, tenant, event, subscription, state, attempts, schedule_start, "
                             "due, updated) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?7)"};
  Statement set_last_delivery_{connection_, "UPDATE events SET last_delivery = ?2 WHERE key = ?1"};
  Statement insert_place_{connection_, "INSERT OR IGNORE INTO places(owner, bucket) VALUES(?1, ?2)"};
  // Retention may have passed its key already (expiry.h, tenant_expiry.h; Kind::attempts and Kind::deliveries).
  Statement watch_row_{connection_, "INSERT OR IGNORE INTO expiry_held(kind, key) VALUES(2, ?1), (3, ?1)"};
  Statement watch_row_of_tenant_{connection_,
                                 "INSERT OR IGNORE INTO expiry_tenant_held(tenant, kind, key) SELECT tenant, kind, ?2 "
                                 "FROM expiry_tenants WHERE tenant = ?1 AND kind IN (2, 3)"};
};

}  // namespace posthorn::store::sqlite
