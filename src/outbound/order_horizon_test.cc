#include "outbound/order_horizon.h"

#include <gtest/gtest.h>

#include "base/manual_loop.h"

namespace posthorn::outbound {
namespace {

const TenantKey kTenant{5};
constexpr EventKey kAll{std::numeric_limits<std::int64_t>::max()};

TEST(OrderHorizon, StandsAtTheOldestEventOnTheWay) {
  ManualClock clock;
  IdSource ids(clock, 1);
  OrderHorizon horizon;
  EXPECT_EQ(horizon.below(kTenant), kAll);
  auto first = horizon.enter(kTenant, ids);
  auto second = horizon.enter(kTenant, ids);
  EXPECT_LT(first->event(), second->event());
  EXPECT_GT(horizon.below(kTenant), first->event()) << "the oldest itself may go";
  EXPECT_LE(horizon.below(kTenant), second->event());
  EXPECT_EQ(horizon.below(TenantKey{6}), kAll) << "tenants do not wait for each other";
  const auto copy = first;
  first.reset();
  EXPECT_LE(horizon.below(kTenant), second->event()) << "somebody still holds it";
  second.reset();
  EXPECT_GT(horizon.below(kTenant), copy->event());
}

TEST(OrderHorizon, HoldsEverybodyWhileToldSo) {
  OrderHorizon horizon;
  auto hold = horizon.hold_all();
  EXPECT_EQ(horizon.below(kTenant), EventKey{});
  hold.reset();
  EXPECT_EQ(horizon.below(kTenant), kAll);
}

TEST(OrderHorizon, TellsWhoWaitsThatItMoved) {
  ManualClock clock;
  ManualLoop loop(clock);
  OrderHorizon horizon;
  auto event = horizon.enter(kTenant, EventKey{7});
  int told = 0;
  horizon.when_moved(loop, [&] { ++told; });
  loop.run_ready();
  EXPECT_EQ(told, 0);
  event.reset();
  loop.run_ready();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace posthorn::outbound
