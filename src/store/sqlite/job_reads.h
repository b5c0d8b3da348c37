// Reading for jobs: their rows, and which rows they are about.
#pragma once

#include "base/result.h"
#include "store/job_operations.h"
#include "store/sqlite/job_rows.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

class JobReads {
 public:
  explicit JobReads(Connection& connection) : connection_(connection) {}

  Result<domain::Job> find(const FindJob& query);
  Page<domain::Job> list(const ListJobs& query);
  // Running ones whose shard is among these, the oldest first.
  std::vector<domain::Job> running(const std::vector<std::uint32_t>& shards);
  JobScan scan(const ScanForJob& query);
  // About how many rows the job will look at: counted up to a bound, extrapolated beyond it.
  std::uint64_t count(const domain::Job& job);

 private:
  Cursor open_rows(const domain::Job& job, std::int64_t after, std::int64_t limit);
  void scan_deliveries(const ScanForJob& query, JobScan& found);
  void scan_events(const ScanForJob& query, JobScan& found);

  Connection& connection_;

  Statement find_{connection_, "SELECT " POSTHORN_JOB_COLUMNS
                               " FROM jobs WHERE key = ?1 AND salt = ?2 AND tenant = ?3 AND NOT EXISTS "
                               "(SELECT 1 FROM tenants WHERE key = ?3 AND deleted > 0)"};
  Statement list_{connection_, "SELECT " POSTHORN_JOB_COLUMNS
                               " FROM jobs INDEXED BY jobs_by_tenant WHERE tenant = ?1 AND key < ?2 "
                               "AND (?3 < 0 OR state = ?3) AND NOT EXISTS "
                               "(SELECT 1 FROM tenants WHERE key = ?1 AND deleted > 0) ORDER BY key DESC LIMIT ?4"};
  Statement running_{connection_, "SELECT " POSTHORN_JOB_COLUMNS
                                  " FROM jobs INDEXED BY jobs_unfinished WHERE state = 0 AND state <= 1 AND NOT EXISTS "
                                  "(SELECT 1 FROM tenants WHERE key = jobs.tenant AND deleted > 0) ORDER BY key"};

  // Rows in order of key, after ?2 and below ?3; of a tenant or a subscription (?1).
#define POSTHORN_JOB_DELIVERIES(index, condition)                                                     \
  "SELECT d.key, d.state, d.updated, d.event FROM deliveries d INDEXED BY " index " WHERE " condition \
  " AND d.key > ?2 AND d.key < ?3 ORDER BY d.key LIMIT ?4"
  Statement exhausted_of_{connection_, POSTHORN_JOB_DELIVERIES("deliveries_exhausted", "d.subscription = ?1 AND d.state = 2")};
  Statement of_subscription_{connection_, POSTHORN_JOB_DELIVERIES("deliveries_by_subscription", "d.subscription = ?1")};
  Statement failed_of_tenant_{connection_,
                              POSTHORN_JOB_DELIVERIES("deliveries_failed", "d.tenant = ?1 AND d.state >= 2 AND d.state = ?5")};
  Statement of_tenant_{connection_, POSTHORN_JOB_DELIVERIES("deliveries_by_tenant", "d.tenant = ?1")};
#undef POSTHORN_JOB_DELIVERIES
  Statement topic_{connection_, "SELECT topic FROM events WHERE key = ?1"};

  Statement keys_of_events_{connection_,
                            "SELECT key FROM events INDEXED BY events_by_tenant WHERE tenant = ?1 AND key > ?2 AND key < ?3 "
                            "ORDER BY key LIMIT ?4"};
  Statement events_{connection_,
                    "SELECT " POSTHORN_EVENT_COLUMNS
                    ", e.payload IS NULL, EXISTS (SELECT 1 FROM deliveries INDEXED BY deliveries_by_event "
                    "WHERE event = e.key AND subscription = ?5), EXISTS (SELECT 1 FROM fanouts WHERE event = e.key) "
                    "FROM events e INDEXED BY events_by_tenant WHERE e.tenant = ?1 AND e.key > ?2 AND e.key < ?3 "
                    "ORDER BY e.key LIMIT ?4"};
};

}  // namespace posthorn::store::sqlite
