// The session's verbs on jobs.
#include "store/sqlite/session_ways.h"

namespace posthorn::store::sqlite {

void SqliteSession::start_job(StartJob operation, Done<void> done) {
  write<StartJob, void>(
      {.bytes = 4 * kPlainBytes}, std::move(operation),
      [](Tables& tables, const StartJob& start) { return tables.jobs.start(start); }, std::move(done));
}

void SqliteSession::change_job(ChangeJob operation, Done<domain::Job> done) {
  write<ChangeJob, domain::Job>(
      {}, operation, [](Tables& tables, const ChangeJob& change) { return tables.jobs.change(change); }, std::move(done));
}

void SqliteSession::fail_job(FailJob operation, Done<void> done) {
  write<FailJob, void>(
      {.write_class = WriteClass::engine}, std::move(operation),
      [](Tables& tables, const FailJob& fail) { return tables.jobs.fail(fail); }, std::move(done));
}

void SqliteSession::advance_job(AdvanceJob operation, Done<AdvancedJob> done) {
  const std::size_t rows = 1 + operation.restart.size() + operation.missing.size();
  const Cost cost{WriteClass::engine, rows, kPlainBytes + rows * sizeof(AdvanceJob::Missing)};
  write<AdvanceJob, AdvancedJob>(
      cost, std::move(operation), [](Tables& tables, const AdvanceJob& advance) { return tables.jobs.advance(advance); },
      std::move(done));
}

void SqliteSession::find_job(FindJob query, Done<domain::Job> done) {
  read<domain::Job>(std::move(done), [query](Reads& reads) { return reads.jobs.find(query); });
}

void SqliteSession::list_jobs(ListJobs query, Done<Page<domain::Job>> done) {
  read<Page<domain::Job>>(std::move(done), [query](Reads& reads) { return reads.jobs.list(query); });
}

void SqliteSession::running_jobs(std::vector<std::uint32_t> shards, Done<std::vector<domain::Job>> done) {
  read<std::vector<domain::Job>>(std::move(done),
                                 [shards = std::move(shards)](Reads& reads) { return reads.jobs.running(shards); });
}

void SqliteSession::scan_for_job(ScanForJob query, Done<JobScan> done) {
  read<JobScan>(std::move(done), [query = std::move(query)](Reads& reads) { return reads.jobs.scan(query); });
}

void SqliteSession::count_for_job(domain::Job job, Done<std::uint64_t> done) {
  read<std::uint64_t>(std::move(done), [job = std::move(job)](Reads& reads) { return reads.jobs.count(job); });
}

}  // namespace posthorn::store::sqlite
