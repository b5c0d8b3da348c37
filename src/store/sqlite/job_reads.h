// Reading for jobs: their rows, and which rows they are about.
#pragma once

#include "base/result.h"
#include "store/job_operations.h"
#include "store/sqlite/job_rows.h"
#include "store/sqlite/places.h"
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
  Cursor open_rows(const domain::Job& job, std::int64_t after);
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

  // Rows in order of key, from ?2 and below ?3; of a tenant or a subscription (?1), whose places hold others' rows too.
#define POSTHORN_JOB_DELIVERIES "SELECT d.key, d.tenant, d.subscription, d.state, d.updated, d.event FROM "
  Statement exhausted_of_{connection_, POSTHORN_JOB_DELIVERIES
                          "deliveries d INDEXED BY deliveries_exhausted WHERE d.subscription = ?1 AND d.state = 2 "
                          "AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key"};
  Statement failed_of_tenant_{connection_, POSTHORN_JOB_DELIVERIES
                              "deliveries d INDEXED BY deliveries_failed WHERE d.tenant = ?1 AND d.state >= 2 AND d.state = ?4 "
                              "AND d.key >= ?2 AND d.key < ?3 ORDER BY d.key"};
  Statement of_owner_{
      connection_, POSTHORN_JOB_DELIVERIES
      "places p CROSS JOIN deliveries d WHERE p.owner = ?1 AND " POSTHORN_IN_PLACE("d", "?2", "?3") "ORDER BY p.bucket, d.key"};
#undef POSTHORN_JOB_DELIVERIES
  Statement topic_{connection_, "SELECT topic FROM events WHERE key = ?1"};

  Statement events_of_{connection_,
                       "SELECT e.key, e.tenant FROM places p CROSS JOIN events e WHERE p.owner = ?1 AND " POSTHORN_IN_PLACE(
                           "e", "?2", "?3") "ORDER BY p.bucket, e.key"};
  Statement event_{connection_,
                   "SELECT " POSTHORN_EVENT_COLUMNS
                   ", e.payload IS NULL, EXISTS (SELECT 1 FROM deliveries WHERE key > ?1 AND key <= "
                   "coalesce((SELECT last_delivery FROM fanouts WHERE event = ?1), e.last_delivery) AND event = ?1 "
                   "AND subscription = ?2), EXISTS (SELECT 1 FROM fanouts WHERE event = ?1) "
                   "FROM events e WHERE e.key = ?1"};
};

}  // namespace posthorn::store::sqlite
