#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;

class ExpiryRows {
 public:
  explicit ExpiryRows(Bench& rows_bench) : bench(rows_bench), tenant(bench.make_tenant()) {
    subscription = bench.make_subscription(tenant.key);
  }

  // An event whose delivery ended so; `pending` leaves it.
  NewEvent make(DeliveryState state) {
    auto made = bench.make_event(tenant.key, {subscription});
    const auto pending = bench.pending(subscription.id.key);
    if (state != DeliveryState::pending) {
      EXPECT_TRUE(bench.record(bench.outcome(pending.back(), state)));
    }
    bench.clock.advance(std::chrono::milliseconds(10));
    return made;
  }
  Expire before_now() const {
    Expire write{};
    write.payloads_before = write.attempts_before = write.deliveries_before = write.idempotency_before = bench.now();
    write.limit = 5;
    return write;
  }

  Bench& bench;
  domain::Tenant tenant;
  domain::Subscription subscription;
};

TEST_P(StoreConformance, ExpiresPayloadsInStepsAndKeepsThoseThatAreNeeded) {
  ExpiryRows rows(*bench_);
  std::vector<NewEvent> ended;
  std::vector<NewEvent> waiting;
  for (int i = 0; i < 12; ++i) {
    waiting.push_back(rows.make(DeliveryState::pending));
    ended.push_back(rows.make(DeliveryState::succeeded));
  }
  const Timestamp cut_off = bench_->now();
  const auto young = rows.make(DeliveryState::succeeded);
  Expire write{};
  write.payloads_before = cut_off;
  write.limit = 5;
  const Expired first = bench_->expire(write);
  EXPECT_LE(first.payloads, 5U);
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.payloads + bench_->expire_all(write).payloads, 12U);
  EXPECT_EQ(bench_->expire_all(write).payloads, 0U);

  for (const auto& made : ended) {
    EXPECT_EQ(bench_->find(rows.tenant.key, made.event->id)->event.payload, "");
    EXPECT_EQ(bench_->resend(rows.tenant.key, made.deliveries[0].id).error().kind, ErrorKind::conflict);
  }
  for (const auto& made : waiting) EXPECT_EQ(bench_->find(rows.tenant.key, made.event->id)->event, *made.event);
  EXPECT_EQ(bench_->find(rows.tenant.key, young.event->id)->event, *young.event);

  // What had to stay goes once its delivery has ended.
  for (const auto& pending : bench_->pending(rows.subscription.id.key)) {
    EXPECT_EQ(pending.event->payload, waiting[0].event->payload);
    ASSERT_TRUE(bench_->record(bench_->outcome(pending, DeliveryState::succeeded)));
  }
  if (GetParam().durable) reopen();
  EXPECT_EQ(bench_->expire_all(write).payloads, 12U);
}

TEST_P(StoreConformance, ExpiresDeliveriesWithTheirAttemptsAndThenTheirEvents) {
  ExpiryRows rows(*bench_);
  std::vector<NewEvent> ended;
  for (int i = 0; i < 11; ++i) {
    ended.push_back(rows.make(i % 2 == 0 ? DeliveryState::succeeded : DeliveryState::exhausted));
  }
  const auto waiting = rows.make(DeliveryState::pending);
  const auto unmatched = bench_->make_event(rows.tenant.key, {});
  auto half = bench_->new_event(bench_->event(rows.tenant.key), {});
  half.matched = 3;  // its fan-out is not finished
  ASSERT_TRUE(bench_->accept(half));
  clock_.advance(std::chrono::milliseconds(10));
  const Timestamp cut_off = bench_->now();
  const auto young = rows.make(DeliveryState::succeeded);

  Expire write{};
  write.deliveries_before = cut_off;
  write.limit = 4;
  const Expired expired = bench_->expire_all(write);
  EXPECT_EQ(expired.deliveries, 11U);
  EXPECT_EQ(expired.attempts, 11U);
  EXPECT_EQ(expired.events, 12U);
  for (const auto& made : ended) {
    EXPECT_FALSE(bench_->find(rows.tenant.key, made.event->id));
    EXPECT_FALSE(bench_->find(rows.tenant.key, made.deliveries[0].id));
  }
  EXPECT_FALSE(bench_->find(rows.tenant.key, unmatched.event->id));
  EXPECT_TRUE(bench_->find(rows.tenant.key, half.event->id));
  EXPECT_EQ(bench_->find(rows.tenant.key, waiting.event->id)->event, *waiting.event);
  EXPECT_TRUE(bench_->find(rows.tenant.key, waiting.deliveries[0].id));
  EXPECT_TRUE(bench_->find(rows.tenant.key, young.deliveries[0].id));
  EXPECT_EQ(bench_->attempts(rows.tenant.key, young.deliveries[0].id)->size(), 1U);

  ASSERT_TRUE(bench_->cancel(rows.tenant.key, waiting.deliveries[0].id));
  ASSERT_TRUE(bench_->advance({half.event->id.key, rows.tenant.key, {}, true}));
  const Expired rest = bench_->expire_all(write);
  EXPECT_EQ(rest.deliveries, 1U);
  EXPECT_EQ(rest.events, 2U);
  EXPECT_FALSE(bench_->find(rows.tenant.key, half.event->id));
}

TEST_P(StoreConformance, AnEventStaysAsLongAsOneOfItsDeliveries) {
  ExpiryRows rows(*bench_);
  const auto other = bench_->make_subscription(rows.tenant.key);
  const auto made = bench_->make_event(rows.tenant.key, {rows.subscription, other});
  ASSERT_TRUE(bench_->cancel(rows.tenant.key, made.deliveries[0].id));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(bench_->expire_all(rows.before_now()).deliveries, 1U);
  EXPECT_EQ(bench_->find(rows.tenant.key, made.event->id)->event, *made.event);
  ASSERT_TRUE(bench_->cancel(rows.tenant.key, made.deliveries[1].id));
  const Expired rest = bench_->expire_all(rows.before_now());
  EXPECT_EQ(rest.deliveries, 1U);
  EXPECT_EQ(rest.events, 1U);
}

TEST_P(StoreConformance, ExpiresAttemptsOfEndedDeliveriesOnly) {
  ExpiryRows rows(*bench_);
  const auto ended = rows.make(DeliveryState::succeeded);
  const auto retried = rows.make(DeliveryState::pending);
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(rows.subscription.id.key).at(0), DeliveryState::pending)));
  clock_.advance(std::chrono::milliseconds(10));
  const Timestamp cut_off = bench_->now();
  Expire write{};
  write.attempts_before = cut_off;
  write.limit = 2;
  EXPECT_EQ(bench_->expire_all(write).attempts, 1U);
  EXPECT_TRUE(bench_->attempts(rows.tenant.key, ended.deliveries[0].id)->empty());
  EXPECT_EQ(bench_->find(rows.tenant.key, ended.deliveries[0].id)->attempts, 1U) << "the count stays";
  EXPECT_EQ(bench_->attempts(rows.tenant.key, retried.deliveries[0].id)->size(), 1U);

  // The last attempt is younger than the cut-off, so they wait for it.
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(rows.subscription.id.key).at(0), DeliveryState::succeeded)));
  EXPECT_EQ(bench_->expire_all(write).attempts, 0U);
  clock_.advance(std::chrono::seconds(1));
  write.attempts_before = bench_->now();
  EXPECT_EQ(bench_->expire_all(write).attempts, 2U);

  // A resend makes new ones, which go in their turn.
  ASSERT_TRUE(bench_->resend(rows.tenant.key, ended.deliveries[0].id));
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(rows.subscription.id.key).at(0), DeliveryState::succeeded)));
  EXPECT_EQ(bench_->attempts(rows.tenant.key, ended.deliveries[0].id)->size(), 1U);
  clock_.advance(std::chrono::seconds(1));
  write.attempts_before = bench_->now();
  EXPECT_EQ(bench_->expire_all(write).attempts, 1U);
}

TEST_P(StoreConformance, ForgetsIdempotencyKeysAfterTheirTime) {
  ExpiryRows rows(*bench_);
  auto made = bench_->new_event(bench_->event(rows.tenant.key), {});
  made.idempotency = Idempotency{"key"};
  ASSERT_TRUE(bench_->accept(made));
  clock_.advance(std::chrono::seconds(1));

  // The event may go first: the key answers all the same.
  Expire write{};
  write.deliveries_before = bench_->now();
  EXPECT_EQ(bench_->expire_all(write).events, 1U);
  auto again = bench_->new_event(bench_->event(rows.tenant.key), {});
  again.idempotency = Idempotency{"key"};
  EXPECT_EQ(bench_->accept(again)->id, made.event->id);

  write = {};
  write.idempotency_before = bench_->now();
  EXPECT_EQ(bench_->expire_all(write).idempotency_keys, 1U);
  EXPECT_FALSE(bench_->accept(again)->replayed);
}

TEST_P(StoreConformance, ExpiresNothingWithoutACutOff) {
  ExpiryRows rows(*bench_);
  const auto made = rows.make(DeliveryState::succeeded);
  clock_.advance(std::chrono::hours(10'000));
  const Expired expired = bench_->expire(Expire{});
  EXPECT_EQ(expired.payloads + expired.attempts + expired.deliveries + expired.events + expired.idempotency_keys, 0U);
  EXPECT_FALSE(expired.more);
  EXPECT_TRUE(bench_->find(rows.tenant.key, made.event->id));
  EXPECT_EQ(bench_->expire_all(rows.before_now()).deliveries, 1U) << "it would have gone";
}

TEST_P(StoreConformance, ThePendingOnesDoNotKeepStepsFromComingToAnEnd) {
  ExpiryRows rows(*bench_);
  for (int i = 0; i < 60; ++i) bench_->make_event(rows.tenant.key, {rows.subscription});
  clock_.advance(std::chrono::seconds(1));
  for (int round = 0; round < 3; ++round) {
    const Expired expired = bench_->expire_all(rows.before_now());  // fails when there is no end
    EXPECT_EQ(expired.payloads + expired.deliveries + expired.events, 0U);
  }
  EXPECT_EQ(bench_->pending(rows.subscription.id.key).size(), 60U);
}

TEST_P(StoreConformance, SweepsTheRowsOfADeletedTenant) {
  ExpiryRows rows(*bench_);
  for (int i = 0; i < 9; ++i) rows.make(i % 2 == 0 ? DeliveryState::pending : DeliveryState::succeeded);
  auto keyed = bench_->new_event(bench_->event(rows.tenant.key), {});
  keyed.idempotency = Idempotency{"key"};
  ASSERT_TRUE(bench_->accept(keyed));
  ASSERT_TRUE(bench_->save(bench_->topic(rows.tenant.key, "a.b")));
  const auto kept_tenant = bench_->make_tenant("kept");
  const auto kept = bench_->make_event(kept_tenant.key, {bench_->make_subscription(kept_tenant.key)});

  ASSERT_TRUE(bench_->remove(rows.tenant.key));
  Expire write{};
  write.limit = 4;
  const Expired expired = bench_->expire_all(write);
  EXPECT_EQ(expired.deliveries, 9U);
  EXPECT_EQ(expired.attempts, 4U);
  EXPECT_EQ(expired.events, 10U);
  EXPECT_EQ(expired.idempotency_keys, 1U);
  EXPECT_EQ(bench_->count().pending, 1U);
  EXPECT_TRUE(bench_->find(kept_tenant.key, kept.event->id));
  EXPECT_EQ(bench_->accept(bench_->new_event(bench_->event(rows.tenant.key), {})).error().kind, ErrorKind::not_found)
      << "a late publisher makes no rows that nobody owns";
}

TEST_P(StoreConformance, CancelsWhatADeletedSubscriptionLeftPending) {
  ExpiryRows rows(*bench_);
  std::vector<NewEvent> made;
  for (int i = 0; i < 12; ++i) made.push_back(rows.make(DeliveryState::pending));
  ASSERT_TRUE(bench_->remove(rows.subscription.id.key));
  if (GetParam().durable) reopen();  // the server died before it cancelled them
  Expire write{};
  write.limit = 5;
  bench_->expire_all(write);
  EXPECT_EQ(bench_->count().pending, 0U);
  EXPECT_EQ(bench_->find(rows.tenant.key, made[0].deliveries[0].id)->state, DeliveryState::cancelled);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(bench_->expire_all(rows.before_now()).deliveries, 12U);
}

}  // namespace
}  // namespace posthorn::store::conformance
