#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::DeliveryState;

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
  EXPECT_EQ(*pending[0].event, *made.event);
  const auto recorded = bench_->record(bench_->outcome(pending[0], DeliveryState::succeeded));
  ASSERT_TRUE(recorded);
  EXPECT_EQ(recorded->state, DeliveryState::succeeded);
  EXPECT_TRUE(bench_->lanes().empty());
  const auto found = bench_->find(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->attempts, 1U);
  EXPECT_EQ(found->topic, "document.created");
  EXPECT_EQ(found->event, made.event->id);
  EXPECT_EQ(found->subscription, subscription.id);
  const auto attempts = bench_->attempts(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(attempts);
  EXPECT_EQ(*attempts, std::vector{bench_->attempt(1)});
}

}  // namespace
}  // namespace posthorn::store::conformance
