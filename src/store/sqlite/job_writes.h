// Jobs: their rows, and the steps that change deliveries. Each runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/job_operations.h"
#include "store/sqlite/job_rows.h"
#include "store/sqlite/known.h"
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
                     "UPDATE deliveries SET state = 0, schedule_start = attempts, due = ?2, updated = ?3 WHERE key = ?1"};
  // Its attempts may have been expired already; the new ones are to be found (expiry.h, Kind::attempts).
  Statement watch_attempts_{connection_, "INSERT OR IGNORE INTO expiry_held(kind, key) VALUES(2, ?1)"};
  Statement event_{connection_,
                   "SELECT payload IS NULL FROM events WHERE key = ?1 AND tenant = ?2 AND NOT EXISTS "
                   "(SELECT 1 FROM deliveries INDEXED BY deliveries_by_event WHERE event = ?1 AND subscription = ?3)"};
  Statement insert_delivery_{connection_,
                             "INSERT INTO deliveries(key, salt, tenant, event, subscription, state, attempts, schedule_start, "
                             "due) VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6)"};
};

}  // namespace posthorn::store::sqlite
