// The store's operations on jobs: one plain struct each. See store.h for the rules that hold for all, and
// domain/outbound/job.h for what jobs are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/outbound/job.h"
#include "store/operations.h"

namespace posthorn::store {

// The job's id, kind, tenant, filter, end and created_at are the caller's. Errors: conflict (too_many_jobs) when the tenant
// has kJobsUnfinishedMax already; not_found when it was deleted.
struct StartJob {
  domain::Job job;
};
// By hand. Errors: not_found; conflict (job_ended).
struct ChangeJob {
  TenantKey tenant;
  domain::JobId job;
  domain::JobAction action = domain::JobAction::pause;
  Timestamp at;
};
// A step that cannot be done: the job fails.
struct FailJob {
  Lease lease;
  domain::JobKey job;
  std::string error;
  Timestamp at;
};
struct FindJob {
  TenantKey tenant;  // 0: jobs that belong to no tenant
  domain::JobId job;
};
struct ListJobs {
  TenantKey tenant;
  std::optional<domain::JobState> state;
  PageQuery page;
};

// The next rows that a job is about, from after its cursor; `limit` rows are looked at, at most.
struct ScanForJob {
  domain::Job job;
  std::uint32_t limit = 0;
  std::size_t payload_bytes_max = 0;
};
struct JobScan {
  std::vector<DeliveryKey> deliveries;   // recover, resend: wanted ones
  std::vector<domain::EventPtr> events;  // replay_missing: in the time, without a delivery for the subscription
  std::int64_t cursor = 0;               // how far it looked
  std::uint64_t examined = 0;
  bool finished = false;
  // An event whose deliveries are still being made stands in the way: whether it lacks one is not decided yet.
  bool blocked = false;
};

// One step, all in one transaction: deliveries become pending (or are made), and the job's cursor moves from `from` to `to`.
// Every row is checked again: what does not fit any more is left alone. A delivery that has `event` already is not made twice.
// Errors: fenced; not_found; conflict (job_not_running when somebody paused or cancelled it, job_moved when the cursor does not
// stand at `from`: the step has been done).
struct AdvanceJob {
  struct Missing {
    EventKey event;
    NewDelivery delivery;
  };
  Lease lease;
  domain::JobKey job;
  std::int64_t from = 0;
  std::int64_t to = 0;
  bool finished = false;
  std::uint64_t examined = 0;
  std::optional<std::uint64_t> total;
  std::vector<DeliveryKey> restart;
  std::vector<Missing> missing;
  Timestamp now;
};
struct AdvancedJob {
  domain::Job job;
  // Who has new pending deliveries in the store now, and how many.
  std::vector<std::pair<SubscriptionKey, std::uint32_t>> pushed;
  std::vector<SubscriptionKey> polled;
};

}  // namespace posthorn::store
