#include <gtest/gtest.h>

#include "domain/outbound/subscription.h"
#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;
using domain::Job;
using domain::JobKind;
using domain::JobState;

class PrivacyRows {
 public:
  explicit PrivacyRows(Bench& rows_bench, const std::string& name = "acme")
      : bench(rows_bench), tenant(bench.make_tenant(name)), subscription(bench.make_subscription(tenant.key)) {}

  NewEvent make(DeliveryState state) {
    auto made = bench.make_event(tenant.key, {subscription});
    if (state != DeliveryState::pending) {
      for (const auto& pending : bench.pending(subscription.id.key)) {
        if (pending.id != made.deliveries[0].id) continue;
        EXPECT_TRUE(bench.record(bench.outcome(pending, state)));
      }
    }
    bench.clock.advance(std::chrono::milliseconds(10));
    return made;
  }
  Expired expire_all(ExpireTenant write) {
    Expired sum;
    for (int step = 0; step < 1000; ++step) {
      const auto expired =
          ask<Expired>(bench.loop, [&](Done<Expired> done) { bench.session->expire_tenant(write, std::move(done)); });
      EXPECT_TRUE(expired);
      sum.payloads += expired->payloads;
      sum.attempts += expired->attempts;
      sum.deliveries += expired->deliveries;
      sum.events += expired->events;
      if (!expired->more) return sum;
    }
    ADD_FAILURE() << "expiry does not end";
    return sum;
  }
  Result<ExpungedEvent> expunge(EventId event, DeliveryKey after = {}, std::uint32_t limit = 100) {
    return ask<ExpungedEvent>(bench.loop, [&](Done<ExpungedEvent> done) {
      bench.session->expunge_event({tenant.key, event, after, bench.now(), limit}, std::move(done));
    });
  }

  Bench& bench;
  domain::Tenant tenant;
  domain::Subscription subscription;
};

TEST_P(StoreConformance, ExpiresOneTenantsRowsByItsOwnPeriods) {
  PrivacyRows mine(*bench_);
  PrivacyRows others(*bench_, "other");
  std::vector<NewEvent> ended;
  for (int i = 0; i < 12; ++i) ended.push_back(mine.make(DeliveryState::succeeded));
  const auto waiting = mine.make(DeliveryState::pending);
  const auto foreign = others.make(DeliveryState::succeeded);
  clock_.advance(std::chrono::milliseconds(10));
  ExpireTenant write;
  write.tenant = mine.tenant.key;
  write.payloads_before = bench_->now();
  write.limit = 5;
  EXPECT_EQ(mine.expire_all(write).payloads, 12U);
  EXPECT_EQ(bench_->find(mine.tenant.key, ended[0].event->id)->event.payload, "");
  EXPECT_EQ(bench_->find(mine.tenant.key, waiting.event->id)->event, *waiting.event);
  EXPECT_EQ(bench_->find(others.tenant.key, foreign.event->id)->event, *foreign.event);
  EXPECT_EQ(mine.expire_all(write).payloads, 0U);

  // What had to stay goes once its delivery has ended.
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(mine.subscription.id.key)[0], DeliveryState::succeeded)));
  if (GetParam().durable) {
    const auto tenant = mine.tenant;
    reopen();
  }
  ExpireTenant later = write;
  const auto step = [&] {
    return ask<Expired>(loop_, [&](Done<Expired> done) { bench_->session->expire_tenant(later, std::move(done)); });
  };
  EXPECT_EQ(step()->payloads, 1U);
  later.deliveries_before = later.attempts_before = bench_->now();
  Expired sum;
  for (Expired one{.more = true}; one.more;) {
    one = *step();
    sum.deliveries += one.deliveries;
    sum.attempts += one.attempts;
    sum.events += one.events;
  }
  EXPECT_EQ(sum.deliveries, 13U);
  EXPECT_EQ(sum.attempts, 13U);
  EXPECT_EQ(sum.events, 13U);
  EXPECT_TRUE(bench_->find(others.tenant.key, foreign.deliveries[0].id));

  // Expiry of all rows comes by later and finds nothing wrong.
  Expire all{};
  all.payloads_before = all.attempts_before = all.deliveries_before = all.idempotency_before = bench_->now();
  EXPECT_EQ(bench_->expire_all(all).deliveries, 1U);
}

TEST_P(StoreConformance, ExpungesAPayloadAtOnceWithItsPendingDeliveriesAndAnswers) {
  PrivacyRows rows(*bench_);
  const auto other = bench_->make_subscription(rows.tenant.key);
  const auto event = bench_->make_event(rows.tenant.key, {rows.subscription, other});
  auto failed = bench_->outcome(bench_->pending(other.id.key)[0], DeliveryState::exhausted);
  failed.attempt.response = "echo of the payload";
  ASSERT_TRUE(bench_->record(failed));
  const auto untouched = rows.make(DeliveryState::pending);

  auto first = rows.expunge(event.event->id, {}, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(bench_->find(rows.tenant.key, event.event->id)->event.payload, "");
  ASSERT_TRUE(first->last);
  auto second = rows.expunge(event.event->id, first->last, 100);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->last);
  ASSERT_EQ(first->cancelled.size() + second->cancelled.size(), 1U);
  EXPECT_EQ(bench_->find(rows.tenant.key, event.deliveries[0].id)->state, DeliveryState::cancelled);
  EXPECT_EQ(bench_->find(rows.tenant.key, event.deliveries[1].id)->state, DeliveryState::exhausted);
  const auto attempts = bench_->attempts(rows.tenant.key, event.deliveries[1].id);
  ASSERT_EQ(attempts->size(), 1U);
  EXPECT_EQ(attempts->front().response, "");
  EXPECT_TRUE(rows.expunge(event.event->id)) << "may be repeated";
  EXPECT_EQ(bench_->resend(rows.tenant.key, event.deliveries[1].id).error().kind, ErrorKind::conflict);
  ASSERT_EQ(bench_->pending(rows.subscription.id.key).size(), 1U);
  EXPECT_EQ(bench_->pending(rows.subscription.id.key)[0].id, untouched.deliveries[0].id);

  EventId wrong = event.event->id;
  ++wrong.salt;
  EXPECT_EQ(rows.expunge(wrong).error().kind, ErrorKind::not_found);
  PrivacyRows foreign(*bench_, "other");
  EXPECT_EQ(foreign.expunge(event.event->id).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, ExpungesAnEventWhoseDeliveriesAreStillBeingMade) {
  PrivacyRows rows(*bench_);
  auto half = bench_->new_event(bench_->event(rows.tenant.key), {});
  half.matched = 1;
  ASSERT_TRUE(bench_->accept(half));
  ASSERT_TRUE(rows.expunge(half.event->id));
  EXPECT_TRUE(bench_->fanouts().empty());
  AdvanceFanout rest;
  rest.event = half.event->id.key;
  rest.tenant = rows.tenant.key;
  rest.deliveries = {bench_->new_delivery(rows.subscription)};
  EXPECT_EQ(bench_->advance(rest).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, ErasesATenantStepByStepAndLeavesTheOthers) {
  PrivacyRows rows(*bench_);
  PrivacyRows others(*bench_, "other");
  for (int i = 0; i < 20; ++i) rows.make(i % 2 == 0 ? DeliveryState::succeeded : DeliveryState::pending);
  const auto foreign = others.make(DeliveryState::succeeded);
  ASSERT_TRUE(bench_->save(bench_->topic(rows.tenant.key, "a.b")));
  ASSERT_TRUE(bench_->save(bench_->scope(rows.tenant.key, "s")));
  EXPECT_EQ(bench_->statistics(rows.tenant.key).of(domain::Counters::accepted), 20U);

  Job job;
  job.id = ids_.next<domain::JobId>();
  job.erased = rows.tenant.key;
  job.kind = JobKind::erase;
  job.created_at = job.updated_at = bench_->now();
  const auto start = [&](std::int64_t revision) {
    return ask<void>(loop_, [&](Done<void> done) { bench_->session->start_erasure({job, revision}, std::move(done)); });
  };
  EXPECT_EQ(start(99).error().kind, ErrorKind::precondition_failed);
  ASSERT_TRUE(start(1));
  EXPECT_EQ(start(0).error().kind, ErrorKind::not_found) << "it is being erased already";
  EXPECT_TRUE(bench_->list(deliveries_of(rows.tenant.key)).items.empty()) << "gone from every read at once";

  Lease lease;
  for (const Lease& one : bench_->claim("node")) {
    if (one.shard == domain::shard_of(job)) lease = one;
  }
  int steps = 0;
  while (job.state == JobState::running) {
    const auto stepped = ask<Job>(
        loop_, [&](Done<Job> done) { bench_->session->erase_step({lease, job.id.key, bench_->now(), 7}, std::move(done)); });
    ASSERT_TRUE(stepped) << stepped.error().message;
    job = *stepped;
    ASSERT_LT(++steps, 100);
  }
  EXPECT_GT(steps, 5);
  EXPECT_GE(job.changed, 50U) << "20 events, 20 deliveries, 10 attempts";
  const auto found = ask<Job>(loop_, [&](Done<Job> done) { bench_->session->find_job({{}, job.id}, std::move(done)); });
  EXPECT_EQ(found->state, JobState::done);
  const Catalogue left = bench_->catalogue();
  EXPECT_EQ(left.tenants.size(), 1U);
  EXPECT_EQ(left.subscriptions.size(), 1U);
  EXPECT_TRUE(left.topics.empty());
  EXPECT_TRUE(bench_->find(others.tenant.key, foreign.deliveries[0].id));
  EXPECT_TRUE(bench_->statistics(rows.tenant.key).empty());
  EXPECT_EQ(bench_->statistics(others.tenant.key).of(domain::Counters::delivered), 1U);
  // A publish that was on its way brings nothing back.
  auto late = bench_->new_event(bench_->event(rows.tenant.key), {rows.subscription});
  EXPECT_EQ(bench_->accept(late).error().kind, ErrorKind::not_found);
  // The name is free again.
  EXPECT_TRUE(bench_->save(bench_->tenant("acme")));
}

}  // namespace
}  // namespace posthorn::store::conformance
