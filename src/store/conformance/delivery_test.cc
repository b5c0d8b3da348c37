#include <gtest/gtest.h>

#include <algorithm>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;
using domain::FailureKind;

TEST_P(StoreConformance, TakesADeliveryFromAcceptanceToSuccess) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  const auto lanes = bench_->lanes();
  ASSERT_EQ(lanes.size(), 1U);
  EXPECT_EQ(lanes[0].subscription, subscription.id.key);
  EXPECT_EQ(lanes[0].earliest_due, made.event->accepted_at);

  const auto pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].id, made.deliveries[0].id);
  EXPECT_EQ(pending[0].subscription, subscription.id.key);
  EXPECT_EQ(*pending[0].event, *made.event);
  EXPECT_EQ(pending[0].attempts, 0U);
  EXPECT_EQ(pending[0].schedule_start, 0U);
  EXPECT_EQ(pending[0].due, made.event->accepted_at);

  const auto before = bench_->find(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(before);
  EXPECT_EQ(before->created_at, key_time(made.deliveries[0].id.key.value));
  EXPECT_EQ(before->updated_at, before->created_at);

  clock_.advance(std::chrono::seconds(1));
  const auto recorded = bench_->record(bench_->outcome(pending[0], DeliveryState::succeeded));
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->state, DeliveryState::succeeded);
  if (GetParam().durable) reopen();
  EXPECT_TRUE(bench_->lanes().empty());
  EXPECT_TRUE(bench_->pending(subscription.id.key).empty());
  const auto found = bench_->find(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, made.deliveries[0].id);
  EXPECT_EQ(found->tenant, tenant.key);
  EXPECT_EQ(found->event, made.event->id);
  EXPECT_EQ(found->subscription, subscription.id);
  EXPECT_EQ(found->topic, "document.created");
  EXPECT_EQ(found->state, DeliveryState::succeeded);
  EXPECT_EQ(found->attempts, 1U);
  EXPECT_EQ(found->updated_at, bench_->now());
  const auto attempts = bench_->attempts(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(attempts);
  EXPECT_EQ(*attempts, std::vector{bench_->attempt(1)});
}

TEST_P(StoreConformance, BeginsTheScheduleBehindAnAttemptThatStandsOutsideIt) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  bench_->make_event(tenant.key, {subscription});
  auto write = bench_->outcome(bench_->pending(subscription.id.key)[0], DeliveryState::pending);
  write.due = bench_->now();
  write.outside_schedule = true;
  ASSERT_TRUE(bench_->record(write));
  if (GetParam().durable) reopen();
  auto pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].attempts, 1U);
  EXPECT_EQ(pending[0].schedule_start, 1U);

  auto next = bench_->outcome(pending[0], DeliveryState::pending);
  next.due = bench_->now();
  ASSERT_TRUE(bench_->record(next));
  pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].attempts, 2U);
  EXPECT_EQ(pending[0].schedule_start, 1U);
}

TEST_P(StoreConformance, KeepsEveryFieldOfAnAttempt) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  const FailureKind kinds[] = {FailureKind::status,    FailureKind::name,    FailureKind::blocked,      FailureKind::connect,
                               FailureKind::tls,       FailureKind::timeout, FailureKind::disconnected, FailureKind::protocol,
                               FailureKind::too_large, FailureKind::proxy,   FailureKind::internal,     FailureKind::transform};
  std::vector<domain::Attempt> expected;
  for (const FailureKind kind : kinds) {
    const auto pending = bench_->pending(subscription.id.key);
    ASSERT_EQ(pending.size(), 1U);
    auto write = bench_->outcome(pending[0], DeliveryState::pending);
    write.attempt = bench_->attempt(pending[0].attempts + 1, kind);
    write.attempt.response.assign(kResponseBodyBytesKept, '\0');
    expected.push_back(write.attempt);
    ASSERT_TRUE(bench_->record(write));
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(*bench_->attempts(tenant.key, made.deliveries[0].id), expected);
}

TEST_P(StoreConformance, AFailedAttemptMovesTheDeliveryToItsNextDueTime) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  bench_->make_event(tenant.key, {subscription});
  auto write = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::pending);
  write.due = bench_->now() + Milliseconds(12'345);
  EXPECT_EQ(bench_->record(write)->state, DeliveryState::pending);
  if (GetParam().durable) reopen();
  const auto pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].due, write.due);
  EXPECT_EQ(pending[0].attempts, 1U);
  EXPECT_EQ(bench_->lanes().at(0).earliest_due, write.due);
}

TEST_P(StoreConformance, ARepeatedAttemptNumberChangesNothing) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  const auto first = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::pending);
  ASSERT_TRUE(bench_->record(first));
  auto again = first;
  again.state = DeliveryState::succeeded;
  again.attempt.status = 299;
  again.disable_subscription = true;
  const auto recorded = bench_->record(again);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->state, DeliveryState::pending);
  EXPECT_EQ(bench_->find(tenant.key, made.deliveries[0].id)->state, DeliveryState::pending);
  EXPECT_EQ(*bench_->attempts(tenant.key, made.deliveries[0].id), std::vector{first.attempt});
  EXPECT_TRUE(bench_->catalogue().subscriptions.at(0).settings.enabled);
}

TEST_P(StoreConformance, ADeliveryThatWasCancelledMeanwhileStaysSoButKeepsTheAttempt) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  const auto write = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::succeeded);
  ASSERT_TRUE(bench_->cancel(tenant.key, made.deliveries[0].id));
  const auto recorded = bench_->record(write);
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->state, DeliveryState::cancelled);
  const auto found = bench_->find(tenant.key, made.deliveries[0].id);
  EXPECT_EQ(found->state, DeliveryState::cancelled);
  EXPECT_EQ(found->attempts, 1U);
  EXPECT_EQ(bench_->attempts(tenant.key, made.deliveries[0].id)->size(), 1U);
}

TEST_P(StoreConformance, AGoneEndpointDisablesItsSubscriptionInTheSameWrite) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  bench_->make_event(tenant.key, {subscription});
  auto write = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::exhausted);
  write.disable_subscription = true;
  EXPECT_EQ(bench_->record(write)->state, DeliveryState::exhausted);
  if (GetParam().durable) reopen();
  auto found = bench_->catalogue().subscriptions.at(0);
  EXPECT_FALSE(found.settings.enabled);
  EXPECT_EQ(found.disabled_reason, "gone");
  EXPECT_EQ(found.revision, 2);
  EXPECT_EQ(found.updated_at, write.at);
  found.settings.enabled = true;
  EXPECT_EQ(found.settings, subscription.settings) << "nothing else changed";

  bench_->make_event(tenant.key, {subscription});
  auto second = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::exhausted);
  second.disable_subscription = true;
  ASSERT_TRUE(bench_->record(second));
  EXPECT_EQ(bench_->catalogue().subscriptions.at(0).revision, 2) << "it was disabled already";
}

TEST_P(StoreConformance, RefusesAnOutcomeOfAnOwnerThatLostTheShard) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  bench_->claim("one");
  const auto write = bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::succeeded);
  clock_.advance(std::chrono::seconds(60));
  bench_->claim("two");
  EXPECT_EQ(bench_->record(write).error().kind, ErrorKind::fenced);
  EXPECT_EQ(bench_->find(tenant.key, made.deliveries[0].id)->state, DeliveryState::pending);
  EXPECT_TRUE(bench_->attempts(tenant.key, made.deliveries[0].id)->empty());

  auto by_new_owner = write;
  by_new_owner.lease = bench_->lease(subscription.id.key);
  EXPECT_TRUE(bench_->record(by_new_owner));
  auto nonsense = by_new_owner;
  nonsense.lease = {kShardCount + 5, 1};
  EXPECT_EQ(bench_->record(nonsense).error().kind, ErrorKind::fenced);
}

TEST_P(StoreConformance, AnOutcomeOfAnUnknownDeliveryIsNotFound) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  domain::PendingDelivery unknown;
  unknown.id = ids_.next<DeliveryId>();
  unknown.subscription = subscription.id.key;
  EXPECT_EQ(bench_->record(bench_->outcome(unknown, DeliveryState::succeeded)).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, ResendingStartsANewSchedule) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  const DeliveryId id = made.deliveries[0].id;
  EXPECT_EQ(bench_->resend(tenant.key, id).error().kind, ErrorKind::conflict) << "pending already";
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::pending)));
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::exhausted)));

  clock_.advance(std::chrono::seconds(100));
  const auto resent = bench_->resend(tenant.key, id);
  ASSERT_TRUE(resent);
  EXPECT_EQ(resent->id, id);
  EXPECT_EQ(resent->subscription, subscription.id.key);
  EXPECT_EQ(*resent->event, *made.event);
  EXPECT_EQ(resent->attempts, 2U);
  EXPECT_EQ(resent->schedule_start, 2U);
  EXPECT_EQ(resent->due, bench_->now());
  const auto pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].schedule_start, 2U);
  EXPECT_EQ(pending[0].due, bench_->now());
  ASSERT_TRUE(bench_->record(bench_->outcome(*resent, DeliveryState::succeeded)));
  EXPECT_EQ(bench_->attempts(tenant.key, id)->size(), 3U) << "attempts are kept";
  EXPECT_TRUE(bench_->resend(tenant.key, id)) << "what succeeded may be sent again";
}

TEST_P(StoreConformance, ResendsAndCancelsOnlyWhatTheTenantHas) {
  const auto tenant = bench_->make_tenant("one");
  const auto other = bench_->make_tenant("two");
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  DeliveryId guessed = made.deliveries[0].id;
  guessed.salt ^= 1;
  EXPECT_EQ(bench_->cancel(other.key, made.deliveries[0].id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->cancel(tenant.key, guessed).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(bench_->cancel(tenant.key, made.deliveries[0].id));
  EXPECT_EQ(bench_->cancel(tenant.key, made.deliveries[0].id).error().kind, ErrorKind::conflict) << "not pending any more";
  EXPECT_EQ(bench_->resend(other.key, made.deliveries[0].id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench_->resend(tenant.key, guessed).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(bench_->lanes().empty());
  EXPECT_TRUE(bench_->resend(tenant.key, made.deliveries[0].id));
}

TEST_P(StoreConformance, ResendsNothingToADeletedSubscription) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  ASSERT_TRUE(bench_->cancel(tenant.key, made.deliveries[0].id));
  ASSERT_TRUE(bench_->remove(subscription.id.key));
  EXPECT_EQ(bench_->resend(tenant.key, made.deliveries[0].id).error().kind, ErrorKind::conflict);
}

TEST_P(StoreConformance, CancelsTheDeliveriesOfASubscriptionInSteps) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto other = bench_->make_subscription(tenant.key);
  for (int i = 0; i < 7; ++i) bench_->make_event(tenant.key, {subscription, other});
  EXPECT_EQ(bench_->cancel_of(subscription.id.key, 3), 3U);
  EXPECT_EQ(bench_->pending(subscription.id.key).size(), 4U);
  EXPECT_EQ(bench_->cancel_of(subscription.id.key, 3), 3U);
  EXPECT_EQ(bench_->cancel_of(subscription.id.key, 3), 1U);
  EXPECT_EQ(bench_->cancel_of(subscription.id.key, 3), 0U);
  EXPECT_EQ(bench_->pending(other.id.key).size(), 7U);
  auto cancelled = deliveries_of(tenant.key);
  cancelled.state = DeliveryState::cancelled;
  EXPECT_EQ(bench_->list(cancelled).items.size(), 7U);
}

TEST_P(StoreConformance, LoadsPendingDeliveriesInPagesByDueTimeThenKey) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto other = bench_->make_subscription(tenant.key);
  struct Place {
    Timestamp due;
    DeliveryKey key;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> expected;
  for (int i = 0; i < 40; ++i) {
    const auto made = bench_->make_event(tenant.key, {subscription, other});
    if (i % 3 == 0) clock_.advance(std::chrono::milliseconds(1));  // several share a due time
    expected.push_back({made.event->accepted_at, made.deliveries[0].id.key});
  }
  // Some have been tried and come later.
  const auto loaded = bench_->pending(subscription.id.key);
  for (std::size_t i = 0; i < 40; i += 4) {
    auto write = bench_->outcome(loaded.at(i), DeliveryState::pending);
    write.due = bench_->now() + Milliseconds(1000 - static_cast<int>(i % 8));
    ASSERT_TRUE(bench_->record(write));
    expected[i].due = write.due;
  }
  std::ranges::sort(expected);

  std::vector<Place> found;
  LoadPending query{.subscription = subscription.id.key, .due_until = bench_->now() + Milliseconds(100'000), .after_key = {}};
  query.limit = 7;
  query.payload_bytes_max = 1'000'000;
  while (true) {
    const auto page = bench_->pending(query);
    if (page.empty()) break;
    EXPECT_LE(page.size(), 7U);
    for (const auto& delivery : page) found.push_back({delivery.due, delivery.id.key});
    query.after_due = page.back().due;
    query.after_key = page.back().id.key;
    ASSERT_LE(found.size(), 40U);
  }
  EXPECT_EQ(found, expected);
}

TEST_P(StoreConformance, LoadsOnlyWhatIsDueUntilTheGivenTime) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto first = bench_->make_event(tenant.key, {subscription});
  clock_.advance(std::chrono::seconds(1));
  const auto second = bench_->make_event(tenant.key, {subscription});
  LoadPending query{.subscription = subscription.id.key, .due_until = first.event->accepted_at, .after_key = {}};
  query.limit = 10;
  query.payload_bytes_max = 1'000'000;
  ASSERT_EQ(bench_->pending(query).size(), 1U) << "inclusive";
  query.due_until = first.event->accepted_at - Milliseconds(1);
  EXPECT_TRUE(bench_->pending(query).empty());
  query.due_until = second.event->accepted_at;
  EXPECT_EQ(bench_->pending(query).size(), 2U);
}

TEST_P(StoreConformance, EndsAPageWhenThePayloadsPassTheBound) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  for (int i = 0; i < 5; ++i) {
    auto event = bench_->event(tenant.key);
    event.payload.assign(1000, 'x');
    ASSERT_TRUE(bench_->accept(bench_->new_event(event, {subscription})));
  }
  LoadPending query{.subscription = subscription.id.key, .due_until = bench_->now(), .after_key = {}};
  query.limit = 100;
  query.payload_bytes_max = 2500;
  EXPECT_EQ(bench_->pending(query).size(), 2U);
  query.payload_bytes_max = 10;
  EXPECT_EQ(bench_->pending(query).size(), 1U) << "never before the first";
}

TEST_P(StoreConformance, DeliveriesOfOneEventShareItInAPage) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  auto made = bench_->new_event(bench_->event(tenant.key), {subscription, subscription});
  ASSERT_TRUE(bench_->accept(made));
  const auto pending = bench_->pending(subscription.id.key);
  ASSERT_EQ(pending.size(), 2U);
  EXPECT_EQ(pending[0].event, pending[1].event);
}

TEST_P(StoreConformance, TellsTheLanesOfTheGivenShardsThatHaveWork) {
  const auto tenant = bench_->make_tenant();
  std::vector<domain::Subscription> subscriptions;
  for (int i = 0; i < 30; ++i) subscriptions.push_back(bench_->make_subscription(tenant.key));
  for (int i = 0; i < 3; ++i) {
    bench_->make_event(tenant.key, subscriptions);
    clock_.advance(std::chrono::seconds(1));
  }
  const auto all = bench_->lanes();
  ASSERT_EQ(all.size(), 30U);
  const std::uint32_t shard = domain::shard_of(subscriptions[5].id.key);
  const auto some = bench_->lanes({shard});
  EXPECT_FALSE(some.empty());
  for (const auto& lane : some) EXPECT_EQ(domain::shard_of(lane.subscription), shard);
  const auto expected = std::ranges::count_if(
      subscriptions, [&](const auto& subscription) { return domain::shard_of(subscription.id.key) == shard; });
  EXPECT_EQ(static_cast<std::ptrdiff_t>(some.size()), expected);
  EXPECT_TRUE(bench_->lanes({}).empty());
}

TEST_P(StoreConformance, CountsWhatIsPendingAndHowOldItIs) {
  EXPECT_EQ(bench_->count().pending, 0U);
  EXPECT_FALSE(bench_->count().oldest);
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto first = bench_->make_event(tenant.key, {subscription});
  clock_.advance(std::chrono::seconds(5));
  const auto second = bench_->make_event(tenant.key, {subscription});
  EXPECT_EQ(bench_->count().pending, 2U);
  EXPECT_EQ(bench_->count().oldest, first.event->accepted_at);
  ASSERT_TRUE(bench_->record(bench_->outcome(bench_->pending(subscription.id.key).at(0), DeliveryState::succeeded)));
  EXPECT_EQ(bench_->count().pending, 1U);
  EXPECT_EQ(bench_->count().oldest, second.event->accepted_at);
}

// --- shards ------------------------------------------------------------------------------------------------------------------

TEST_P(StoreConformance, OneNodeHoldsEveryShardAndKeepsItsEpochs) {
  const auto first = bench_->claim("one");
  ASSERT_EQ(first.size(), kShardCount);
  clock_.advance(std::chrono::seconds(60));
  EXPECT_EQ(bench_->claim("one"), first) << "its own again, even after the lease has ended";
}

TEST_P(StoreConformance, AnotherNodeGetsAShardOnlyAfterItsLeaseEndedAndWithAGreaterEpoch) {
  const auto first = bench_->claim("one", Milliseconds(15'000));
  clock_.advance(std::chrono::seconds(14));
  EXPECT_TRUE(bench_->claim("two").empty());
  EXPECT_EQ(bench_->renew("one", first, Milliseconds(15'000)), first);
  clock_.advance(std::chrono::seconds(14));
  EXPECT_TRUE(bench_->claim("two").empty()) << "the lease was renewed";
  clock_.advance(std::chrono::seconds(2));
  const auto second = bench_->claim("two");
  ASSERT_EQ(second.size(), kShardCount);
  for (std::size_t i = 0; i < second.size(); ++i) EXPECT_GT(second[i].epoch, first[i].epoch);
  EXPECT_TRUE(bench_->renew("one", first).empty()) << "the frozen node learns that it lost them";
  EXPECT_EQ(bench_->renew("two", second), second);
  auto stale = second;
  for (auto& lease : stale) --lease.epoch;
  EXPECT_TRUE(bench_->renew("two", stale).empty());
}

}  // namespace
}  // namespace posthorn::store::conformance
