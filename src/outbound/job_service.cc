#include "outbound/job_service.h"

namespace posthorn::outbound {

using domain::Job;

JobService::JobService(store::Session& session, const Clock& clock, IdSource& ids, Sink sink)
    : session_(session), clock_(clock), ids_(ids), sink_(std::move(sink)) {}

net::Task<Result<Job>> JobService::start(TenantKey tenant, domain::JobKind kind, domain::JobFilter filter) {
  Job job;
  job.id = ids_.next<domain::JobId>();
  job.tenant = tenant;
  job.kind = kind;
  job.filter = std::move(filter);
  job.end = job.id.key.value;  // keys grow with time
  job.created_at = job.updated_at = clock_.schedule_now();
  auto started = co_await net::until<Status>([&](auto done) { session_.start_job({job}, std::move(done)); });
  if (!started) co_return std::move(started).error();
  sink_(job);
  co_return job;
}

net::Task<Result<Job>> JobService::change(TenantKey tenant, domain::JobId id, domain::JobAction action) {
  store::ChangeJob write{tenant, id, action, clock_.schedule_now()};
  auto changed = co_await net::until<Result<Job>>([&](auto done) { session_.change_job(std::move(write), std::move(done)); });
  if (changed && changed->state == domain::JobState::running) sink_(*changed);
  co_return changed;
}

net::Task<Result<Job>> JobService::find(TenantKey tenant, domain::JobId id) {
  co_return co_await net::until<Result<Job>>([&](auto done) { session_.find_job({tenant, id}, std::move(done)); });
}

net::Task<Result<store::Page<Job>>> JobService::list(store::ListJobs query) {
  co_return co_await net::until<Result<store::Page<Job>>>(
      [&](auto done) { session_.list_jobs(std::move(query), std::move(done)); });
}

}  // namespace posthorn::outbound
