#include "store/sqlite/job_reads.h"

#include <algorithm>
#include <bitset>
#include <limits>

#include "base/limits.h"

namespace posthorn::store::sqlite {
namespace {

using domain::DeliveryState;
using domain::Job;
using domain::JobKind;

constexpr std::int64_t kCountedMax = 200'000;

// Rows below this key are the job's. A recovery is about when deliveries became exhausted, which their keys do not say.
std::int64_t end_of(const Job& job) {
  if (job.kind == JobKind::recover || job.filter.until >= domain::kNeverDue) return job.end;
  return std::min(job.end, first_key_at(job.filter.until));
}

std::int64_t begin_of(const Job& job) {
  const std::int64_t begin = job.kind == JobKind::recover ? 0 : first_key_at(job.filter.since) - 1;
  return std::max(job.cursor, begin);
}

bool in_time(const Job& job, Timestamp changed) { return changed >= job.filter.since && changed < job.filter.until; }

}  // namespace

Result<Job> JobReads::find(const FindJob& query) {
  Cursor row = find_.open(query.job.key, query.job.salt, query.tenant);
  if (!row.next()) return not_found("the job does not exist", "unknown_job");
  return read_job(row);
}

Page<Job> JobReads::list(const ListJobs& query) {
  Page<Job> page;
  const std::int64_t below = query.page.cursor > 0 ? query.page.cursor : std::numeric_limits<std::int64_t>::max();
  const int state = query.state ? static_cast<int>(*query.state) : -1;
  Cursor row = list_.open(query.tenant, below, state, query.page.limit + 1);
  while (row.next()) {
    if (page.items.size() == query.page.limit) {
      page.next = page.items.back().id.key.value;
      return page;
    }
    page.items.push_back(read_job(row));
  }
  return page;
}

std::vector<Job> JobReads::running(const std::vector<std::uint32_t>& shards) {
  std::bitset<kShardCount> wanted;
  for (const std::uint32_t shard : shards) {
    if (shard < kShardCount) wanted.set(shard);
  }
  std::vector<Job> jobs;
  for (Cursor row = running_.open(); row.next();) {
    Job job = read_job(row);
    if (wanted.test(domain::shard_of(job))) jobs.push_back(std::move(job));
  }
  return jobs;
}

// The index that leaves the least to walk.
Cursor JobReads::open_rows(const Job& job, std::int64_t after, std::int64_t limit) {
  const std::int64_t below = end_of(job);
  const SubscriptionKey subscription = job.filter.subscription.key;
  if (job.kind == JobKind::replay_missing) return keys_of_events_.open(job.tenant, after, below, limit);
  if (subscription && (job.kind == JobKind::recover || job.filter.state == DeliveryState::exhausted)) {
    return exhausted_of_.open(subscription, after, below, limit);
  }
  if (subscription) return of_subscription_.open(subscription, after, below, limit);
  if (job.filter.state == DeliveryState::exhausted || job.filter.state == DeliveryState::cancelled) {
    return failed_of_tenant_.open(job.tenant, after, below, limit, static_cast<int>(*job.filter.state));
  }
  return of_tenant_.open(job.tenant, after, below, limit);
}

JobScan JobReads::scan(const ScanForJob& query) {
  JobScan found;
  found.cursor = query.job.cursor;
  if (query.job.kind == JobKind::replay_missing) {
    scan_events(query, found);
  } else {
    scan_deliveries(query, found);
  }
  return found;
}

void JobReads::scan_deliveries(const ScanForJob& query, JobScan& found) {
  const Job& job = query.job;
  Cursor row = open_rows(job, begin_of(job), query.limit);
  while (row.next()) {
    ++found.examined;
    found.cursor = row.integer(0);
    const DeliveryState state = read_state(row, 1);
    if (state == DeliveryState::pending || (job.filter.state && state != *job.filter.state)) continue;
    if (job.kind == JobKind::recover && (row.is_null(2) || !in_time(job, row.time(2)))) continue;
    if (!job.filter.topics.empty()) {
      Cursor topic = topic_.open(row.integer(3));
      if (!topic.next() || topic.text(0) != job.filter.topics.front()) continue;
    }
    found.deliveries.push_back({found.cursor});
  }
  found.finished = found.examined < query.limit;
}

void JobReads::scan_events(const ScanForJob& query, JobScan& found) {
  const Job& job = query.job;
  std::size_t payload_bytes = 0;
  Cursor row = events_.open(job.tenant, begin_of(job), end_of(job), query.limit, job.filter.subscription.key);
  while (row.next()) {
    const bool expunged = row.integer(kEventColumnCount) != 0;
    const bool has_delivery = row.integer(kEventColumnCount + 1) != 0;
    if (!has_delivery && row.integer(kEventColumnCount + 2) != 0) {
      found.blocked = true;
      return;
    }
    if (!expunged && !has_delivery) {
      auto event = std::make_shared<const domain::Event>(read_event(row));
      payload_bytes += event->payload.size();
      if (!found.events.empty() && payload_bytes > query.payload_bytes_max) return;
      found.events.push_back(std::move(event));
    }
    ++found.examined;
    found.cursor = row.integer(0);
  }
  found.finished = found.examined < query.limit;
}

std::uint64_t JobReads::count(const Job& job) {
  const std::int64_t begin = begin_of(job);
  std::int64_t counted = 0;
  std::int64_t last = begin;
  for (Cursor row = open_rows(job, begin, kCountedMax); row.next(); ++counted) last = row.integer(0);
  if (counted < kCountedMax) return static_cast<std::uint64_t>(counted);
  const double part = static_cast<double>(last - begin) / static_cast<double>(std::max<std::int64_t>(end_of(job) - begin, 1));
  return static_cast<std::uint64_t>(static_cast<double>(counted) / std::clamp(part, 1e-6, 1.0));
}

}  // namespace posthorn::store::sqlite
