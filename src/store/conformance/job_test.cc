#include <gtest/gtest.h>

#include <set>

#include "domain/outbound/subscription.h"
#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;
using domain::Job;
using domain::JobAction;
using domain::JobKind;
using domain::JobState;

class JobRows {
 public:
  explicit JobRows(Bench& rows_bench) : bench(rows_bench), tenant(bench.make_tenant()) {
    subscription = bench.make_subscription(tenant.key);
  }

  // An event whose delivery ended so; `pending` leaves it.
  NewEvent make(DeliveryState state) {
    auto made = bench.make_event(tenant.key, {subscription});
    finish(made.deliveries[0].id, state);
    bench.clock.advance(std::chrono::milliseconds(10));
    return made;
  }
  void finish(DeliveryId delivery, DeliveryState state) {
    if (state == DeliveryState::pending) return;
    for (const auto& pending : bench.pending(subscription.id.key)) {
      if (pending.id != delivery) continue;
      EXPECT_TRUE(bench.record(bench.outcome(pending, state)));
    }
  }
  Job job(JobKind kind) {
    Job made;
    made.id = bench.ids.next<domain::JobId>();
    made.tenant = tenant.key;
    made.kind = kind;
    if (kind != JobKind::resend) made.filter.subscription = subscription.id;
    made.end = bench.ids.next_key();
    made.created_at = made.updated_at = bench.now();
    return made;
  }
  Result<void> start(const Job& made) {
    return ask<void>(bench.loop, [&](Done<void> done) { bench.session->start_job({made}, std::move(done)); });
  }
  Job started(JobKind kind) {
    const Job made = job(kind);
    EXPECT_TRUE(start(made));
    return made;
  }
  Result<Job> find(const Job& of) {
    return ask<Job>(bench.loop, [&](Done<Job> done) { bench.session->find_job({of.tenant, of.id}, std::move(done)); });
  }
  Result<Job> change(const Job& of, JobAction action) {
    return ask<Job>(bench.loop, [&](Done<Job> done) {
      bench.session->change_job({of.tenant, of.id, action, bench.now()}, std::move(done));
    });
  }
  JobScan scan(const Job& of, std::uint32_t limit = 1000) {
    auto found = ask<JobScan>(
        bench.loop, [&](Done<JobScan> done) { bench.session->scan_for_job({of, limit, 1024 * 1024}, std::move(done)); });
    EXPECT_TRUE(found);
    return found ? std::move(*found) : JobScan{};
  }
  Result<AdvancedJob> advance(AdvanceJob write) {
    return ask<AdvancedJob>(bench.loop,
                            [&](Done<AdvancedJob> done) { bench.session->advance_job(std::move(write), std::move(done)); });
  }
  AdvanceJob step(const Job& of, const JobScan& found) {
    AdvanceJob write;
    write.lease = leases_of(domain::shard_of(of));
    write.job = of.id.key;
    write.from = of.cursor;
    write.to = found.cursor;
    write.finished = found.finished;
    write.examined = found.examined;
    write.restart = found.deliveries;
    for (const auto& event : found.events) write.missing.push_back({event->id.key, bench.new_delivery(subscription)});
    write.now = bench.now();
    return write;
  }
  Lease leases_of(std::uint32_t shard) {
    for (const Lease& lease : bench.claim("node")) {
      if (lease.shard == shard) return lease;
    }
    return {};
  }
  std::set<DeliveryKey> pending() {
    std::set<DeliveryKey> keys;
    for (const auto& one : bench.pending(subscription.id.key)) keys.insert(one.id.key);
    return keys;
  }

  Bench& bench;
  domain::Tenant tenant;
  domain::Subscription subscription;
};

TEST_P(StoreConformance, KeepsJobsAndTheirFilters) {
  JobRows rows(*bench_);
  Job missing = rows.job(JobKind::replay_missing);
  missing.filter.topics = {"document.*", "asset.deleted"};
  missing.filter.since = bench_->now();
  missing.filter.until = bench_->now() + std::chrono::hours(1);
  ASSERT_TRUE(rows.start(missing));
  Job bulk = rows.job(JobKind::resend);
  bulk.filter.state = DeliveryState::cancelled;
  ASSERT_TRUE(rows.start(bulk));
  if (GetParam().durable) reopen();
  for (const Job& made : {missing, bulk}) {
    const auto found =
        ask<Job>(loop_, [&](Done<Job> done) { bench_->session->find_job({made.tenant, made.id}, std::move(done)); });
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, made);
  }
}

TEST_P(StoreConformance, RecoversExhaustedDeliveriesOnceEachWhateverStepIsRepeated) {
  JobRows rows(*bench_);
  std::set<DeliveryKey> exhausted;
  for (int i = 0; i < 10; ++i) {
    exhausted.insert(rows.make(DeliveryState::exhausted).deliveries[0].id.key);
    rows.make(DeliveryState::succeeded);
  }
  Job job = rows.started(JobKind::recover);
  const auto young = rows.make(DeliveryState::exhausted);

  int steps = 0;
  while (job.state == JobState::running) {
    const JobScan found = rows.scan(job, 3);
    const AdvanceJob write = rows.step(job, found);
    const auto advanced = rows.advance(write);
    ASSERT_TRUE(advanced) << advanced.error().message;
    // The same step again, as after a crash between the commit and its answer.
    EXPECT_EQ(rows.advance(write).error().code, advanced->job.state == JobState::done ? "job_not_running" : "job_moved");
    if (!found.deliveries.empty()) {
      ASSERT_EQ(advanced->pushed.size(), 1U);
      EXPECT_EQ(advanced->pushed[0].first, rows.subscription.id.key);
      EXPECT_EQ(advanced->pushed[0].second, found.deliveries.size());
    }
    job = advanced->job;
    ++steps;
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(rows.pending(), exhausted);
  EXPECT_EQ(job.changed, 10U);
  EXPECT_EQ(job.examined, 10U);
  EXPECT_EQ(job.skipped, 0U);
  EXPECT_EQ(bench_->find(rows.tenant.key, young.deliveries[0].id)->state, DeliveryState::exhausted);
  EXPECT_EQ(rows.find(job)->state, JobState::done);
}

TEST_P(StoreConformance, RecoversByTheTimeOfExhaustion) {
  JobRows rows(*bench_);
  const auto late = bench_->make_event(rows.tenant.key, {rows.subscription});  // made early, exhausted late
  const auto before = rows.make(DeliveryState::exhausted);
  Job job = rows.job(JobKind::recover);
  job.filter.since = bench_->now();
  const auto within = rows.make(DeliveryState::exhausted);
  rows.finish(late.deliveries[0].id, DeliveryState::exhausted);
  clock_.advance(std::chrono::milliseconds(10));
  job.filter.until = bench_->now();
  rows.make(DeliveryState::exhausted);
  job.end = ids_.next_key();
  const auto found = rows.scan(job);
  const std::set<DeliveryKey> keys(found.deliveries.begin(), found.deliveries.end());
  EXPECT_EQ(keys, (std::set<DeliveryKey>{late.deliveries[0].id.key, within.deliveries[0].id.key}));
  EXPECT_FALSE(keys.contains(before.deliveries[0].id.key));
  EXPECT_TRUE(found.finished);
}

TEST_P(StoreConformance, ScansEndedDeliveriesByEveryFilter) {
  JobRows rows(*bench_);
  const auto done = rows.make(DeliveryState::succeeded);
  const auto failed = rows.make(DeliveryState::exhausted);
  const auto cancelled = rows.make(DeliveryState::pending);
  ASSERT_TRUE(bench_->cancel(rows.tenant.key, cancelled.deliveries[0].id));
  rows.make(DeliveryState::pending);
  const auto other = bench_->make_subscription(rows.tenant.key);
  const Timestamp middle = bench_->now();
  auto event = bench_->new_event(bench_->event(rows.tenant.key, "other.topic"), {other});
  ASSERT_TRUE(bench_->accept(event));
  ASSERT_TRUE(bench_->cancel(rows.tenant.key, event.deliveries[0].id));
  clock_.advance(std::chrono::milliseconds(5));

  const auto keys = [&](const Job& job) {
    const auto found = rows.scan(job);
    return std::set<DeliveryKey>(found.deliveries.begin(), found.deliveries.end());
  };
  const auto key = [](const NewEvent& made) { return made.deliveries[0].id.key; };
  Job job = rows.job(JobKind::resend);
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(done), key(failed), key(cancelled), key(event)}));
  job.filter.state = DeliveryState::cancelled;
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(cancelled), key(event)}));
  job.filter.topics = {"other.topic"};
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(event)}));
  job.filter.topics.clear();
  job.filter.until = middle;
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(cancelled)}));
  job.filter.until = domain::kNeverDue;
  job.filter.since = middle;
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(event)}));
  job.filter = {};
  job.filter.subscription = rows.subscription.id;
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(done), key(failed), key(cancelled)}));
  job.filter.state = DeliveryState::exhausted;
  EXPECT_EQ(keys(job), (std::set<DeliveryKey>{key(failed)}));
  job.tenant = bench_->make_tenant("other").key;
  job.filter = {};
  EXPECT_EQ(keys(job), std::set<DeliveryKey>{});
  const auto count = ask<std::uint64_t>(
      loop_, [&](Done<std::uint64_t> answer) { bench_->session->count_for_job(rows.job(JobKind::resend), std::move(answer)); });
  EXPECT_EQ(*count, 5U);
}

TEST_P(StoreConformance, ReplaysOnlyEventsThatHaveNoDelivery) {
  JobRows rows(*bench_);
  const auto old_event = bench_->make_event(rows.tenant.key, {});
  rows.make(DeliveryState::succeeded);
  auto large = bench_->event(rows.tenant.key);
  const auto missed = bench_->new_event(std::move(large), {});
  ASSERT_TRUE(bench_->accept(missed));
  Job job = rows.started(JobKind::replay_missing);
  bench_->make_event(rows.tenant.key, {});  // younger than the job

  const auto found = rows.scan(job);
  ASSERT_EQ(found.events.size(), 2U);
  EXPECT_EQ(*found.events[0], *old_event.event);
  EXPECT_EQ(found.events[1]->id, missed.event->id);
  EXPECT_EQ(found.examined, 3U);
  EXPECT_TRUE(found.finished);

  // Another step has made one of the two meanwhile: it is not made twice.
  AdvanceJob write = rows.step(job, found);
  write.finished = false;
  write.missing.push_back({found.events[0]->id.key, bench_->new_delivery(rows.subscription)});
  const auto advanced = rows.advance(write);
  ASSERT_TRUE(advanced) << advanced.error().message;
  EXPECT_EQ(advanced->job.changed, 2U);
  EXPECT_EQ(advanced->job.skipped, 1U);
  EXPECT_EQ(rows.pending().size(), 2U);
  EXPECT_TRUE(rows.scan(advanced->job).events.empty());
  job.cursor = 0;
  EXPECT_TRUE(rows.scan(job).events.empty());
}

TEST_P(StoreConformance, DoesNotPassAnEventWhoseDeliveriesAreStillBeingMade) {
  JobRows rows(*bench_);
  const auto first = bench_->make_event(rows.tenant.key, {});
  auto half = bench_->new_event(bench_->event(rows.tenant.key), {});
  half.matched = 1;
  ASSERT_TRUE(bench_->accept(half));
  bench_->make_event(rows.tenant.key, {});
  const Job job = rows.started(JobKind::replay_missing);
  auto found = rows.scan(job);
  EXPECT_TRUE(found.blocked);
  EXPECT_FALSE(found.finished);
  EXPECT_EQ(found.cursor, first.event->id.key.value);
  EXPECT_EQ(found.events.size(), 1U);

  AdvanceFanout rest;
  rest.event = half.event->id.key;
  rest.tenant = rows.tenant.key;
  rest.deliveries = {bench_->new_delivery(rows.subscription)};
  rest.finished = true;
  ASSERT_TRUE(bench_->advance(rest));
  found = rows.scan(job);
  EXPECT_FALSE(found.blocked);
  EXPECT_TRUE(found.finished);
  EXPECT_EQ(found.events.size(), 2U);
}

TEST_P(StoreConformance, StopsJobsThatSomebodyPausedOrCancelledOrThatAreNotOurs) {
  JobRows rows(*bench_);
  const auto failed = rows.make(DeliveryState::exhausted);
  const Job job = rows.started(JobKind::recover);
  const AdvanceJob write = rows.step(job, rows.scan(job));
  EXPECT_EQ(rows.change(job, JobAction::pause)->state, JobState::paused);
  EXPECT_EQ(rows.advance(write).error().code, "job_not_running");
  EXPECT_EQ(rows.change(job, JobAction::resume)->state, JobState::running);
  AdvanceJob stale = write;
  --stale.lease.epoch;
  EXPECT_EQ(rows.advance(stale).error().kind, ErrorKind::fenced);
  EXPECT_EQ(rows.change(job, JobAction::cancel)->state, JobState::cancelled);
  EXPECT_EQ(rows.advance(write).error().code, "job_not_running");
  EXPECT_EQ(rows.change(job, JobAction::resume).error().code, "job_ended");
  EXPECT_EQ(bench_->find(rows.tenant.key, failed.deliveries[0].id)->state, DeliveryState::exhausted);

  Job foreign = job;
  foreign.tenant = bench_->make_tenant("other").key;
  EXPECT_EQ(rows.find(foreign).error().kind, ErrorKind::not_found);
  EXPECT_EQ(rows.change(foreign, JobAction::cancel).error().kind, ErrorKind::not_found);
  foreign = job;
  ++foreign.id.salt;
  EXPECT_EQ(rows.find(foreign).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, SkipsWhatCannotBeSentAgain) {
  JobRows rows(*bench_);
  rows.make(DeliveryState::exhausted);
  clock_.advance(std::chrono::milliseconds(10));
  Expire expunge{};
  expunge.payloads_before = bench_->now();
  bench_->expire_all(expunge);
  const auto kept = rows.make(DeliveryState::exhausted);
  const auto resent = rows.make(DeliveryState::exhausted);
  const Job job = rows.started(JobKind::recover);
  const auto found = rows.scan(job);
  EXPECT_EQ(found.deliveries.size(), 3U);
  ASSERT_TRUE(bench_->resend(rows.tenant.key, resent.deliveries[0].id));  // by hand, between scan and step
  const auto advanced = rows.advance(rows.step(job, found));
  ASSERT_TRUE(advanced);
  EXPECT_EQ(advanced->job.changed, 1U);
  EXPECT_EQ(advanced->job.skipped, 2U);
  EXPECT_EQ(rows.pending(), (std::set<DeliveryKey>{kept.deliveries[0].id.key, resent.deliveries[0].id.key}));
}

TEST_P(StoreConformance, ListsJobsOfATenantAndFindsThoseThatRun) {
  JobRows rows(*bench_);
  std::vector<Job> jobs;
  for (int i = 0; i < 5; ++i) jobs.push_back(rows.started(JobKind::recover));
  ASSERT_TRUE(rows.change(jobs[1], JobAction::pause));
  ASSERT_TRUE(rows.change(jobs[2], JobAction::cancel));
  const auto list = [&](ListJobs query) {
    query.tenant = rows.tenant.key;
    auto page = ask<Page<Job>>(loop_, [&](Done<Page<Job>> done) { bench_->session->list_jobs(query, std::move(done)); });
    EXPECT_TRUE(page);
    return std::move(*page);
  };
  auto page = list({.tenant = {}, .state = {}, .page = {2, 0}});
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].id, jobs[4].id);
  page = list({.tenant = {}, .state = {}, .page = {3, page.next}});
  ASSERT_EQ(page.items.size(), 3U);
  EXPECT_EQ(page.items[2].id, jobs[0].id);
  EXPECT_EQ(page.next, 0);
  EXPECT_EQ(list({.tenant = {}, .state = JobState::paused, .page = {50, 0}}).items.size(), 1U);

  std::vector<std::uint32_t> all;
  for (std::uint32_t shard = 0; shard < kShardCount; ++shard) all.push_back(shard);
  const auto running = [&](std::vector<std::uint32_t> shards) {
    auto found = ask<std::vector<Job>>(
        loop_, [&](Done<std::vector<Job>> done) { bench_->session->running_jobs(std::move(shards), std::move(done)); });
    EXPECT_TRUE(found);
    return found->size();
  };
  EXPECT_EQ(running(all), 3U);
  std::erase(all, domain::shard_of(jobs[0]));
  EXPECT_EQ(running(all), 0U);
  if (GetParam().durable) {
    reopen();
    EXPECT_EQ(running({domain::shard_of(jobs[0])}), 3U);
  }
}

TEST_P(StoreConformance, BoundsTheUnfinishedJobsOfATenant) {
  JobRows rows(*bench_);
  Job last;
  for (std::size_t i = 0; i < kJobsUnfinishedMax; ++i) last = rows.started(JobKind::recover);
  EXPECT_EQ(rows.start(rows.job(JobKind::recover)).error().code, "too_many_jobs");
  ASSERT_TRUE(rows.change(last, JobAction::cancel));
  EXPECT_TRUE(rows.start(rows.job(JobKind::recover)));
  ASSERT_TRUE(bench_->remove(rows.tenant.key));
  EXPECT_EQ(rows.start(rows.job(JobKind::recover)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(rows.find(last).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace posthorn::store::conformance
