#include "outbound/poll_hub.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/manual_loop.h"

namespace posthorn::outbound {
namespace {

class Hub : public testing::Test {
 protected:
  ManualClock clock_;
  ManualLoop loop_{clock_};
  PollHub hub_;
};

TEST_F(Hub, WakesThoseWhoWaitForTheSubscriptionOnce) {
  auto one = hub_.enter(SubscriptionKey{1}, loop_);
  auto two = hub_.enter(SubscriptionKey{2}, loop_);
  int woken = 0;
  one.waiter().on_wake = [&] { ++woken; };
  two.waiter().on_wake = [&] { woken += 100; };
  hub_.wake(SubscriptionKey{3});
  hub_.wake(SubscriptionKey{1});
  hub_.wake(SubscriptionKey{1});
  EXPECT_EQ(woken, 0) << "on the waiter's loop only";
  loop_.run_ready();
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(one.waiter().woken);
  EXPECT_FALSE(two.waiter().woken);
}

TEST_F(Hub, ForgetsThoseWhoLeft) {
  int woken = 0;
  {
    auto place = hub_.enter(SubscriptionKey{1}, loop_);
    place.waiter().on_wake = [&] { ++woken; };
    EXPECT_EQ(hub_.waiting(), 1u);
  }
  EXPECT_EQ(hub_.waiting(), 0u);
  hub_.wake(SubscriptionKey{1});
  loop_.run_ready();
  EXPECT_EQ(woken, 0);
}

TEST_F(Hub, BoundsTheWaitersOfASubscriptionAndOfAll) {
  std::vector<PollHub::Place> places;
  for (std::size_t i = 0; i < kPollWaitersPerSubscriptionMax; ++i) places.push_back(hub_.enter(SubscriptionKey{1}, loop_));
  for (auto& place : places) EXPECT_TRUE(place);
  EXPECT_FALSE(hub_.enter(SubscriptionKey{1}, loop_));
  for (std::int64_t key = 2; places.size() < kPollWaitersMax; ++key) places.push_back(hub_.enter(SubscriptionKey{key}, loop_));
  EXPECT_FALSE(hub_.enter(SubscriptionKey{1'000'000}, loop_));
  places.pop_back();
  EXPECT_TRUE(hub_.enter(SubscriptionKey{1'000'000}, loop_));
}

TEST_F(Hub, WakesEverybodyWhenItCloses) {
  auto one = hub_.enter(SubscriptionKey{1}, loop_);
  auto two = hub_.enter(SubscriptionKey{2}, loop_);
  EXPECT_FALSE(hub_.closed());
  hub_.close();
  loop_.run_ready();
  EXPECT_TRUE(one.waiter().woken && two.waiter().woken);
  EXPECT_TRUE(hub_.closed());
}

}  // namespace
}  // namespace posthorn::outbound
