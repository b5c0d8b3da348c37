// JobService: what people ask of background jobs: start, look, pause, resume, cancel. One per in-loop; Jobs runs them.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/ids.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::outbound {

class JobService {
 public:
  // `sink`: hands a job that was started or resumed to Jobs.
  using Sink = std::function<void(domain::Job)>;
  JobService(store::Session& session, const Clock& clock, IdSource& ids, Sink sink);

  // Durable when it answers. Rows that are made later are none of the job's business. Errors: conflict (too_many_jobs),
  // not_found (the tenant was deleted), unavailable.
  net::Task<Result<domain::Job>> start(TenantKey tenant, domain::JobKind kind, domain::JobFilter filter);
  // Errors: not_found, conflict (job_ended), unavailable.
  net::Task<Result<domain::Job>> change(TenantKey tenant, domain::JobId job, domain::JobAction action);
  net::Task<Result<domain::Job>> find(TenantKey tenant, domain::JobId job);
  net::Task<Result<store::Page<domain::Job>>> list(store::ListJobs query);

 private:
  store::Session& session_;
  const Clock& clock_;
  IdSource& ids_;
  const Sink sink_;
};

}  // namespace posthorn::outbound
