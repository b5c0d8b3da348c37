#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;

constexpr std::size_t kBytes = 1024 * 1024;

class Ordered {
 public:
  explicit Ordered(Bench& bench)
      : bench_(bench), tenant_(bench.make_tenant()), subscription_(bench.make_subscription(tenant_.key)) {}

  TenantKey tenant() const { return tenant_.key; }
  const domain::Subscription& subscription() const { return subscription_; }
  SubscriptionKey key() const { return subscription_.id.key; }

  NewEvent add(std::optional<std::int64_t> order_key, std::size_t payload_bytes = 10) {
    auto event = bench_.event(tenant_.key);
    event.payload.assign(payload_bytes, '1');
    auto made = bench_.new_event(std::move(event), {subscription_});
    made.deliveries[0].order_key = order_key;
    EXPECT_TRUE(bench_.accept(made));
    return made;
  }

  OrderedPage page(LoadOrdered query) {
    query.subscription = key();
    auto found =
        ask<OrderedPage>(bench_.loop, [&](Done<OrderedPage> done) { bench_.session->load_ordered(query, std::move(done)); });
    EXPECT_TRUE(found);
    return found ? *found : OrderedPage{};
  }
  LoadOrdered scan() {
    LoadOrdered query;
    query.due_until = bench_.now();
    query.sequences_max = 100;
    query.per_sequence = 100;
    query.limit = 1000;
    query.payload_bytes_max = kBytes;
    return query;
  }
  std::vector<EndpointHealth> health() {
    auto rows = ask<std::vector<EndpointHealth>>(
        bench_.loop, [&](Done<std::vector<EndpointHealth>> done) { bench_.session->load_health(std::move(done)); });
    EXPECT_TRUE(rows);
    return rows ? *rows : std::vector<EndpointHealth>{};
  }

 private:
  Bench& bench_;
  domain::Tenant tenant_;
  domain::Subscription subscription_;
};

std::vector<EventKey> events_of(const Sequence& sequence) {
  std::vector<EventKey> keys;
  for (const auto& delivery : sequence.deliveries) keys.push_back(delivery.event->id.key);
  return keys;
}

TEST_P(StoreConformance, OrderedDeliveriesAreReadBySequenceAndStandApartFromTheOthers) {
  Ordered lane(*bench_);
  const auto a1 = lane.add(7);
  const auto b1 = lane.add(-3);
  const auto a2 = lane.add(7);
  const auto free = lane.add(std::nullopt);
  if (GetParam().durable) reopen();
  const OrderedPage page = lane.page(lane.scan());  // (the bench is made again in its place)
  ASSERT_EQ(page.sequences.size(), 2U);
  EXPECT_FALSE(page.next);
  EXPECT_EQ(page.sequences[0].order_key, -3);
  EXPECT_EQ(events_of(page.sequences[0]), (std::vector{b1.event->id.key}));
  EXPECT_EQ(events_of(page.sequences[1]), (std::vector{a1.event->id.key, a2.event->id.key}));
  EXPECT_EQ(page.sequences[1].deliveries[0].order_key, 7);
  EXPECT_EQ(*page.sequences[1].deliveries[0].event, *a1.event);
  EXPECT_FALSE(page.sequences[1].more);

  const auto others = bench_->pending(lane.key());
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].id, free.deliveries[0].id);
  EXPECT_FALSE(others[0].order_key);
  const auto lanes = bench_->lanes();
  ASSERT_EQ(lanes.size(), 1U);
  EXPECT_TRUE(lanes[0].ordered);
  EXPECT_EQ(lanes[0].earliest_due, free.event->accepted_at);
  EXPECT_EQ(bench_->count().pending, 4U);
}

TEST_P(StoreConformance, ALaneWithOrderedWorkOnlyHasNoDueTime) {
  Ordered lane(*bench_);
  lane.add(0);
  const auto lanes = bench_->lanes();
  ASSERT_EQ(lanes.size(), 1U);
  EXPECT_TRUE(lanes[0].ordered);
  EXPECT_FALSE(lanes[0].earliest_due);
}

TEST_P(StoreConformance, SequencesWhoseFirstIsNotDueAreNamedAndNotRead) {
  Ordered lane(*bench_);
  const auto first = lane.add(1);
  lane.add(1);
  const auto other = lane.add(2);
  domain::PendingDelivery head{.id = first.deliveries[0].id, .subscription = lane.key(), .event = first.event, .due = {}};
  auto write = bench_->outcome(head, DeliveryState::pending);
  ASSERT_TRUE(bench_->record(write));
  const auto page = lane.page(lane.scan());
  ASSERT_EQ(page.sequences.size(), 2U);
  EXPECT_TRUE(page.sequences[0].deliveries.empty());
  EXPECT_EQ(page.sequences[0].due, write.due);
  EXPECT_EQ(events_of(page.sequences[1]), (std::vector{other.event->id.key}));

  auto query = lane.scan();
  query.one_sequence = true;
  query.from = 1;
  EXPECT_EQ(lane.page(query).sequences.at(0).deliveries.size(), 2U) << "one that is asked for is read whenever it is due";
  query.after = first.event->id.key;
  EXPECT_EQ(lane.page(query).sequences.at(0).deliveries.size(), 1U);
  query.from = 3;
  EXPECT_TRUE(lane.page(query).sequences.empty());
}

TEST_P(StoreConformance, PagesOfSequencesAreBoundedAndGoOn) {
  Ordered lane(*bench_);
  for (std::int64_t key = 1; key <= 5; ++key) {
    for (int i = 0; i < 3; ++i) lane.add(key, 100);
  }
  auto query = lane.scan();
  query.sequences_max = 2;
  query.per_sequence = 2;
  auto page = lane.page(query);
  ASSERT_EQ(page.sequences.size(), 2U);
  EXPECT_EQ(page.sequences[0].deliveries.size(), 2U);
  EXPECT_TRUE(page.sequences[0].more);
  EXPECT_EQ(page.next, 3);
  query.from = *page.next;
  query.sequences_max = 100;
  query.limit = 4;
  page = lane.page(query);
  EXPECT_EQ(page.sequences.size(), 2U);
  EXPECT_EQ(page.next, 5);
  query.limit = 100;
  query.payload_bytes_max = 150;
  page = lane.page(query);
  EXPECT_EQ(page.sequences.size(), 1U);
  EXPECT_EQ(page.next, 4);
  EXPECT_GE(page.sequences[0].deliveries.size(), 1U) << "never before the first";
}

TEST_P(StoreConformance, AResentDeliveryHasLostItsPlace) {
  Ordered lane(*bench_);
  const auto made = lane.add(1);
  domain::PendingDelivery head{.id = made.deliveries[0].id, .subscription = lane.key(), .event = made.event, .due = {}};
  ASSERT_TRUE(bench_->record(bench_->outcome(head, DeliveryState::exhausted)));
  const auto pending = bench_->resend(lane.tenant(), made.deliveries[0].id);
  ASSERT_TRUE(pending);
  EXPECT_FALSE(pending->order_key);
  EXPECT_TRUE(lane.page(lane.scan()).sequences.empty());
  EXPECT_EQ(bench_->pending(lane.key()).size(), 1U);
}

TEST_P(StoreConformance, CancellingASubscriptionsDeliveriesTakesTheOrderedOnesToo) {
  Ordered lane(*bench_);
  for (int i = 0; i < 5; ++i) lane.add(1);
  lane.add(std::nullopt);
  std::uint64_t cancelled = 0;
  while (const auto count = bench_->cancel_of(lane.key(), 2)) cancelled += count;
  EXPECT_EQ(cancelled, 6U);
  EXPECT_EQ(bench_->count().pending, 0U);
}

TEST_P(StoreConformance, KeepsSinceWhenAnEndpointFailsUntilItDoesNot) {
  Ordered lane(*bench_);
  const auto made = lane.add(std::nullopt);
  domain::PendingDelivery delivery{.id = made.deliveries[0].id, .subscription = lane.key(), .event = made.event, .due = {}};
  auto write = bench_->outcome(delivery, DeliveryState::pending);
  write.health = HealthChange::failing;
  write.failing_since = bench_->now();
  ASSERT_TRUE(bench_->record(write));
  ASSERT_EQ(lane.health().size(), 1U);
  EXPECT_EQ(lane.health()[0].subscription, lane.key());
  EXPECT_EQ(lane.health()[0].failing_since, write.failing_since);
  EXPECT_FALSE(lane.health()[0].told);

  ++delivery.attempts;
  write = bench_->outcome(delivery, DeliveryState::pending);
  write.health = HealthChange::told;
  write.failing_since = bench_->now() - std::chrono::seconds(5);
  ASSERT_TRUE(bench_->record(write));
  ASSERT_EQ(lane.health().size(), 1U);
  EXPECT_EQ(lane.health()[0].failing_since, write.failing_since);
  EXPECT_TRUE(lane.health()[0].told);

  ++delivery.attempts;
  write = bench_->outcome(delivery, DeliveryState::succeeded);
  write.health = HealthChange::well;
  ASSERT_TRUE(bench_->record(write));
  EXPECT_TRUE(lane.health().empty());
}

TEST_P(StoreConformance, WhoeverEnablesASubscriptionGivesItsEndpointANewStart) {
  Ordered lane(*bench_);
  const auto made = lane.add(std::nullopt);
  domain::PendingDelivery delivery{.id = made.deliveries[0].id, .subscription = lane.key(), .event = made.event, .due = {}};
  auto write = bench_->outcome(delivery, DeliveryState::pending);
  write.health = HealthChange::failing;
  write.failing_since = bench_->now();
  ASSERT_TRUE(bench_->record(write));
  auto changed = bench_->catalogue().subscriptions.at(0);
  changed.settings.description = "another";
  ASSERT_TRUE(bench_->save(changed, changed.revision));
  EXPECT_EQ(lane.health().size(), 1U) << "another change is none";
  ++changed.revision;
  changed.settings.enabled = false;
  ASSERT_TRUE(bench_->save(changed, changed.revision));
  ++changed.revision;
  EXPECT_EQ(lane.health().size(), 1U);
  changed.settings.enabled = true;
  ASSERT_TRUE(bench_->save(changed, changed.revision));
  EXPECT_TRUE(lane.health().empty());
}

TEST_P(StoreConformance, NoticesAreAcceptedWithTheAttemptThatTheyTellOf) {
  Ordered lane(*bench_);
  const auto made = lane.add(std::nullopt);
  domain::PendingDelivery delivery{.id = made.deliveries[0].id, .subscription = lane.key(), .event = made.event, .due = {}};
  auto write = bench_->outcome(delivery, DeliveryState::exhausted);
  write.disable_subscription = true;
  write.disable_reason = "failing";
  write.notices.push_back(
      bench_->new_event(bench_->event(lane.tenant(), "posthorn.delivery.exhausted"), {lane.subscription()}));
  const auto recorded = bench_->record(write);
  ASSERT_TRUE(recorded);
  EXPECT_TRUE(recorded->noticed);
  EXPECT_EQ(bench_->catalogue().subscriptions.at(0).disabled_reason, "failing");
  ASSERT_TRUE(bench_->find(lane.tenant(), write.notices[0].event->id));
  EXPECT_EQ(bench_->pending(lane.key()).size(), 1U);

  auto again = write;
  again.notices[0] = bench_->new_event(bench_->event(lane.tenant(), "posthorn.delivery.exhausted"), {lane.subscription()});
  const auto repeated = bench_->record(again);
  ASSERT_TRUE(repeated);
  EXPECT_FALSE(repeated->noticed) << "the attempt was known";
  EXPECT_FALSE(bench_->find(lane.tenant(), again.notices[0].event->id));
}

}  // namespace
}  // namespace posthorn::store::conformance
