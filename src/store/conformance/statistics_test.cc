#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::Counters;
using domain::DeliveryState;
using domain::FailureKind;

TEST_P(StoreConformance, CountsEventsAttemptsAndOutcomesIntoEverySeries) {
  const auto tenant = bench_->make_tenant();
  const auto first = bench_->make_subscription(tenant.key);
  const auto second = bench_->make_subscription(tenant.key);
  bench_->make_event(tenant.key, {first, second});
  ASSERT_TRUE(bench_->accept(bench_->new_event(bench_->event(tenant.key, "other.topic"), {first})));

  for (const auto& pending : bench_->pending(first.id.key)) {
    auto retried = bench_->outcome(pending, DeliveryState::pending);
    retried.attempt.failure = FailureKind::timeout;
    ASSERT_TRUE(bench_->record(retried));
  }
  for (const auto& pending : bench_->pending(first.id.key)) {
    auto delivered = bench_->outcome(pending, DeliveryState::succeeded);
    delivered.at = pending.event->accepted_at + Milliseconds(150);
    ASSERT_TRUE(bench_->record(delivered));
  }
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(second.id.key)[0], DeliveryState::exhausted)));
  if (GetParam().durable) reopen();

  const Counters all = bench_->statistics(tenant.key);
  EXPECT_EQ(all.of(Counters::accepted), 2U);
  EXPECT_EQ(all.of(Counters::attempts), 5U);
  EXPECT_EQ(all.of(Counters::delivered), 2U);
  EXPECT_EQ(all.of(Counters::exhausted), 1U);
  EXPECT_EQ(all.failures(FailureKind::timeout), 2U);
  EXPECT_EQ(all.failures(FailureKind::status), 1U);
  EXPECT_NEAR(*all.latency_ms(1.0), 200, 1e-9) << "100 to 200 ms";
  EXPECT_EQ(bench_->statistics(tenant.key, {}, "other.topic").of(Counters::accepted), 1U);
  EXPECT_EQ(bench_->statistics(tenant.key, {}, "other.topic").of(Counters::attempts), 2U);
  EXPECT_EQ(bench_->statistics(tenant.key, first.id.key).of(Counters::delivered), 2U);
  EXPECT_EQ(bench_->statistics(tenant.key, first.id.key).of(Counters::accepted), 0U) << "an event belongs to no subscription";
  EXPECT_EQ(bench_->statistics(tenant.key, first.id.key, "other.topic").of(Counters::delivered), 1U);
  EXPECT_EQ(bench_->statistics(tenant.key, second.id.key).of(Counters::exhausted), 1U);
  EXPECT_TRUE(bench_->statistics(tenant.key, second.id.key, "other.topic").empty());
  EXPECT_TRUE(bench_->statistics(bench_->make_tenant("other").key).empty());
}

TEST_P(StoreConformance, CountsNothingThatIsNotWritten) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  auto event = bench_->new_event(bench_->event(tenant.key), {subscription});
  event.idempotency = Idempotency{"once"};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bench_->accept(event));
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::accepted), 1U) << "two were repetitions";

  const auto outcome = bench_->outcome(bench_->pending(subscription.id.key)[0], DeliveryState::succeeded);
  auto foreign = outcome;
  --foreign.lease.epoch;
  EXPECT_EQ(bench_->record(foreign).error().kind, ErrorKind::fenced);
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::attempts), 0U);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bench_->record(outcome));
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::attempts), 1U) << "the same attempt";
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::delivered), 1U);

  const auto cancelled = bench_->make_event(tenant.key, {subscription});
  const auto late = bench_->outcome(bench_->pending(subscription.id.key)[0], DeliveryState::succeeded);
  ASSERT_TRUE(bench_->cancel(tenant.key, cancelled.deliveries[0].id));
  ASSERT_TRUE(bench_->record(late));
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::attempts), 2U);
  EXPECT_EQ(bench_->statistics(tenant.key).of(Counters::delivered), 1U) << "the attempt was made, the delivery was cancelled";
}

TEST_P(StoreConformance, ReadsARangeOfHoursAndExpiresOldOnes) {
  const auto tenant = bench_->make_tenant();
  const std::int64_t hour = domain::hour_of(bench_->now());
  for (const int hours : {0, 0, 2}) {
    auto event = bench_->event(tenant.key);
    event.accepted_at += std::chrono::hours(hours);
    ASSERT_TRUE(bench_->accept(bench_->new_event(event, {})));
  }
  using Found = std::vector<std::pair<std::int64_t, std::uint64_t>>;
  const auto read = [&](std::int64_t from, std::int64_t until) {
    auto hours = ask<std::vector<HourCounters>>(loop_, [&](Done<std::vector<HourCounters>> done) {
      bench_->session->read_statistics({tenant.key, {}, "", hour + from, hour + until}, std::move(done));
    });
    EXPECT_TRUE(hours);
    Found found;
    for (const auto& one : *hours) found.emplace_back(one.hour - hour, one.counters.of(Counters::accepted));
    return found;
  };
  EXPECT_EQ(read(0, 100), (Found{{0, 2}, {2, 1}}));
  EXPECT_EQ(read(1, 2), Found{});
  EXPECT_EQ(read(2, 3), (Found{{2, 1}}));

  Expire write{};
  write.statistics_before = domain::start_of_hour(hour + 2);
  bench_->expire_all(write);
  EXPECT_EQ(read(0, 100), (Found{{2, 1}}));
  ASSERT_TRUE(bench_->remove(tenant.key));
  EXPECT_EQ(read(0, 100), Found{});
}

}  // namespace
}  // namespace posthorn::store::conformance
