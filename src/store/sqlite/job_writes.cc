#include "store/sqlite/job_writes.h"

#include <algorithm>

#include "base/limits.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {
namespace {

using domain::DeliveryState;
using domain::Job;
using domain::JobKind;
using domain::JobState;

Error fenced() { return {ErrorKind::fenced, "fenced", "another owner has the shard", {}, std::nullopt}; }
Error no_such_job() { return not_found("the job does not exist", "unknown_job"); }

// Whether a delivery in this state is what the job is about.
bool wanted(const Job& job, DeliveryState state) {
  if (state == DeliveryState::pending) return false;
  if (job.kind == JobKind::recover) return state == DeliveryState::exhausted;
  return !job.filter.state || state == *job.filter.state;
}

void count_for(AdvancedJob& advanced, SubscriptionKey subscription, Timestamp due) {
  if (due >= domain::kNeverDue) {
    if (std::ranges::find(advanced.polled, subscription) == advanced.polled.end()) advanced.polled.push_back(subscription);
    return;
  }
  auto place = std::ranges::find(advanced.pushed, subscription, &std::pair<SubscriptionKey, std::uint32_t>::first);
  if (place == advanced.pushed.end()) place = advanced.pushed.insert(advanced.pushed.end(), {subscription, 0});
  ++place->second;
}

}  // namespace

Result<void> JobWrites::start(const StartJob& write) {
  const Job& job = write.job;
  if (known_.is_deleted(job.tenant)) return not_found("the tenant does not exist");
  if (Cursor row = unfinished_.open(job.tenant); row.next() && static_cast<std::size_t>(row.integer(0)) >= kJobsUnfinishedMax) {
    return conflict({},
                    "the tenant has " + std::to_string(kJobsUnfinishedMax) + " jobs that have not ended: wait, or cancel one",
                    "too_many_jobs");
  }
  const auto& filter = job.filter;
  const int state = filter.state ? static_cast<int>(*filter.state) : -1;
  insert_.run(job.id.key, job.id.salt, job.tenant, job.erased, static_cast<int>(job.kind), filter.subscription.key,
              filter.subscription.salt, state, join_topics(filter.topics), filter.since, filter.until, job.cursor, job.end,
              job.created_at);
  return {};
}

Result<Job> JobWrites::change(const ChangeJob& write) {
  Job job;
  if (Cursor row = find_.open(write.job.key); row.next()) {
    job = read_job(row);
  } else {
    return no_such_job();
  }
  if (job.id != write.job || job.tenant != write.tenant || known_.is_deleted(job.tenant)) return no_such_job();
  const auto state = domain::change(job.state, write.action);
  if (!state) return conflict({}, "the job has ended", "job_ended");
  if (*state == job.state) return job;
  job.state = *state;
  job.updated_at = write.at;
  set_state_.run(job.id.key, static_cast<int>(job.state), job.error, write.at);
  return job;
}

Result<void> JobWrites::fail(const FailJob& write) {
  if (!known_.holds(write.lease)) return fenced();
  set_state_.run(write.job, static_cast<int>(JobState::failed), write.error, write.at);
  return {};
}

Result<Job> JobWrites::runnable(const Lease& lease, domain::JobKey key) {
  if (!known_.holds(lease)) return fenced();
  Job job;
  if (Cursor row = find_.open(key); row.next()) {
    job = read_job(row);
  } else {
    return no_such_job();
  }
  if (known_.is_deleted(job.tenant)) return no_such_job();
  if (job.state != JobState::running) return conflict({}, "the job does not run", "job_not_running");
  return job;
}

void JobWrites::save_progress(const Job& job) {
  save_.run(job.id.key, static_cast<int>(job.state), job.cursor, job.examined, job.changed, job.skipped, job.total,
            job.updated_at);
}

Result<AdvancedJob> JobWrites::advance(const AdvanceJob& write) {
  auto found = runnable(write.lease, write.job);
  if (!found) return std::move(found).error();
  if (found->cursor != write.from) return conflict({}, "the job is further already", "job_moved");
  AdvancedJob advanced{std::move(*found), {}, {}};
  Job& job = advanced.job;
  for (const DeliveryKey delivery : write.restart) {
    ++(restart(delivery, job, write.now, advanced) ? job.changed : job.skipped);
  }
  for (const auto& missing : write.missing) {
    ++(make(missing, job, write.now, advanced) ? job.changed : job.skipped);
  }
  job.cursor = write.to;
  job.examined += write.examined;
  if (write.total) job.total = write.total;
  if (write.finished) job.state = JobState::done;
  job.updated_at = write.now;
  save_progress(job);
  return advanced;
}

bool JobWrites::restart(DeliveryKey delivery, const Job& job, Timestamp now, AdvancedJob& advanced) {
  SubscriptionKey subscription;
  Timestamp due;
  if (Cursor row = delivery_.open(delivery, job.tenant); row.next()) {
    subscription = row.key<SubscriptionKey>(1);
    due = row.time(2);
    if (!wanted(job, read_state(row, 0)) || row.integer(3) != 0 || known_.is_deleted(subscription)) return false;
  } else {
    return false;
  }
  due = due >= domain::kNeverDue ? poll_order_.next() : now;
  restart_.run(delivery, due, now);
  watch_attempts_.run(delivery);
  count_for(advanced, subscription, due);
  return true;
}

DeliveryKey JobWrites::key_near(std::int64_t last_delivery) {
  std::int64_t key = late_key_after(last_delivery);
  while (is_taken_.open(key).next()) key = late_key_after(key);
  return {key};
}

bool JobWrites::make(const AdvanceJob::Missing& missing, const Job& job, Timestamp now, AdvancedJob& advanced) {
  const SubscriptionKey subscription = missing.delivery.subscription.key;
  if (subscription != job.filter.subscription.key || known_.is_deleted(subscription)) return false;
  std::int64_t last_delivery = 0;
  if (Cursor row = event_.open(missing.event, job.tenant, subscription); row.next() && row.integer(0) == 0) {
    last_delivery = row.integer(1);
  } else {
    return false;
  }
  const DeliveryKey key = key_near(last_delivery);
  const Timestamp due = missing.delivery.kind == domain::Kind::poll ? poll_order_.next() : now;
  insert_delivery_.run(key, missing.delivery.id.salt, job.tenant, missing.event, subscription, due, now);
  set_last_delivery_.run(missing.event, key);
  for (const std::int64_t owner : {job.tenant.value, subscription.value}) insert_place_.run(owner, place_of(key.value));
  watch_row_.run(key);
  watch_row_of_tenant_.run(job.tenant, key);
  count_for(advanced, subscription, due);
  return true;
}

}  // namespace posthorn::store::sqlite
