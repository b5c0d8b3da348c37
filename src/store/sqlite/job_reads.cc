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
constexpr std::size_t kRowsWalkedMax = 20'000;  // of one scan, others' rows included

// Rows below this key are the job's. A recovery is about when deliveries became exhausted, which their keys do not say.
std::int64_t end_of(const Job& job) {
  if (job.kind == JobKind::recover || job.filter.until >= domain::kNeverDue) return job.end;
  return std::min(job.end, first_key_at(job.filter.until));
}

std::int64_t begin_of(const Job& job) {
  const std::int64_t begin = job.kind == JobKind::recover ? 0 : first_key_at(job.filter.since) - 1;
  return std::max(job.cursor, begin);
}

// Whether a row that a walk passes is the job's. (Events have no subscription.)
bool is_of(const Job& job, TenantKey tenant, SubscriptionKey subscription) {
  const SubscriptionKey wanted = job.filter.subscription.key;
  return tenant == job.tenant && (!wanted || !subscription || subscription == wanted);
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

// The way that leaves the least to walk.
Cursor JobReads::open_rows(const Job& job, std::int64_t after) {
  const std::int64_t from = after + 1;
  const std::int64_t below = end_of(job);
  const SubscriptionKey subscription = job.filter.subscription.key;
  if (job.kind == JobKind::replay_missing) return events_of_.open(job.tenant, from, below);
  if (subscription && (job.kind == JobKind::recover || job.filter.state == DeliveryState::exhausted)) {
    return exhausted_of_.open(subscription, from, below);
  }
  if (subscription) return of_owner_.open(subscription, from, below);
  if (job.filter.state == DeliveryState::exhausted || job.filter.state == DeliveryState::cancelled) {
    return failed_of_tenant_.open(job.tenant, from, below, static_cast<int>(*job.filter.state));
  }
  return of_owner_.open(job.tenant, from, below);
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
  std::size_t walked = 0;
  Cursor row = open_rows(job, begin_of(job));
  while (row.next()) {
    if (found.examined >= query.limit || ++walked > kRowsWalkedMax) return;
    found.cursor = row.integer(0);
    if (!is_of(job, row.key<TenantKey>(1), row.key<SubscriptionKey>(2))) continue;
    ++found.examined;
    const DeliveryState state = read_state(row, 3);
    if (state == DeliveryState::pending || (job.filter.state && state != *job.filter.state)) continue;
    if (job.kind == JobKind::recover && (row.is_null(4) || !in_time(job, row.time(4)))) continue;
    if (!job.filter.topics.empty()) {
      Cursor topic = topic_.open(row.integer(5));
      if (!topic.next() || topic.text(0) != job.filter.topics.front()) continue;
    }
    found.deliveries.push_back({found.cursor});
  }
  found.finished = true;
}

void JobReads::scan_events(const ScanForJob& query, JobScan& found) {
  const Job& job = query.job;
  std::size_t walked = 0;
  std::size_t payload_bytes = 0;
  Cursor row = open_rows(job, begin_of(job));
  while (row.next()) {
    if (found.examined >= query.limit || ++walked > kRowsWalkedMax) return;
    const std::int64_t key = row.integer(0);
    if (row.key<TenantKey>(1) != job.tenant) {
      found.cursor = key;
      continue;
    }
    Cursor event_row = event_.open(key, job.filter.subscription.key);
    if (!event_row.next()) continue;
    const bool expunged = event_row.integer(kEventColumnCount) != 0;
    const bool has_delivery = event_row.integer(kEventColumnCount + 1) != 0;
    if (!has_delivery && event_row.integer(kEventColumnCount + 2) != 0) {
      found.blocked = true;
      return;
    }
    if (!expunged && !has_delivery) {
      auto event = std::make_shared<const domain::Event>(read_event(event_row));
      payload_bytes += event->payload.size();
      if (!found.events.empty() && payload_bytes > query.payload_bytes_max) return;
      found.events.push_back(std::move(event));
    }
    ++found.examined;
    found.cursor = key;
  }
  found.finished = true;
}

std::uint64_t JobReads::count(const Job& job) {
  const std::int64_t begin = begin_of(job);
  std::int64_t counted = 0;
  std::int64_t walked = 0;
  std::int64_t last = begin;
  Cursor row = open_rows(job, begin);
  while (row.next()) {
    if (++walked > kCountedMax) {
      const double part =
          static_cast<double>(last - begin) / static_cast<double>(std::max<std::int64_t>(end_of(job) - begin, 1));
      return static_cast<std::uint64_t>(static_cast<double>(counted) / std::clamp(part, 1e-6, 1.0));
    }
    last = row.integer(0);
    const SubscriptionKey subscription = job.kind == JobKind::replay_missing ? SubscriptionKey{} : row.key<SubscriptionKey>(2);
    if (is_of(job, row.key<TenantKey>(1), subscription)) ++counted;
  }
  return static_cast<std::uint64_t>(counted);
}

}  // namespace posthorn::store::sqlite
