#include "access/throttle.h"

#include <gtest/gtest.h>

namespace posthorn::access {
namespace {

using std::chrono::seconds;

constexpr ThrottleLimits kLimits{.burst = 3, .refill = seconds(2), .names_max = 64};

TEST(Throttle, LetsABurstFailAndThenARateOfThem) {
  Throttle throttle(kLimits);
  SteadyTime now{};
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(throttle.wait_time("a", now)) << i;
    throttle.failed("a", now);
  }
  EXPECT_EQ(throttle.wait_time("a", now), seconds(2));
  EXPECT_FALSE(throttle.wait_time("b", now));  // others are not held up
  now += std::chrono::milliseconds(1999);
  EXPECT_TRUE(throttle.wait_time("a", now));
  now += std::chrono::milliseconds(1);
  EXPECT_FALSE(throttle.wait_time("a", now));
  throttle.failed("a", now);
  EXPECT_TRUE(throttle.wait_time("a", now));
  now += seconds(6);  // all of it is forgotten
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(throttle.wait_time("a", now)) << i;
    throttle.failed("a", now);
  }
  EXPECT_TRUE(throttle.wait_time("a", now));
}

TEST(Throttle, KeepsThePartOfARefillThatHasPassed) {
  Throttle throttle(kLimits);
  SteadyTime now{};
  for (int i = 0; i < 3; ++i) throttle.failed("a", now);
  now += seconds(3);  // one and a half
  throttle.failed("a", now);
  EXPECT_TRUE(throttle.wait_time("a", now));
  EXPECT_FALSE(throttle.wait_time("a", now + seconds(1)));
}

TEST(Throttle, ForgivesByName) {
  Throttle throttle(kLimits);
  for (int i = 0; i < 5; ++i) throttle.failed("a", SteadyTime{});
  throttle.forgive("a");
  EXPECT_FALSE(throttle.wait_time("a", SteadyTime{}));
}

TEST(Throttle, RemembersTheWorstNamesInAFloodOfOthers) {
  Throttle throttle(kLimits);
  const SteadyTime now{};
  for (int i = 0; i < 5; ++i) throttle.failed("worst", now);
  for (int i = 0; i < 10'000; ++i) throttle.failed("name " + std::to_string(i), now);
  EXPECT_TRUE(throttle.wait_time("worst", now));
}

TEST(ThrottledAddress, CountsAnIpv6NetworkAsOne) {
  EXPECT_EQ(throttled_address("192.0.2.7:4711"), "192.0.2.7");
  EXPECT_EQ(throttled_address("[2001:db8:1:2:3::4]:80"), throttled_address("[2001:db8:1:2:ffff::1]:443"));
  EXPECT_NE(throttled_address("[2001:db8:1:2::1]:80"), throttled_address("[2001:db8:1:3::1]:80"));
  EXPECT_EQ(throttled_address(""), "");
  EXPECT_EQ(throttled_address("somewhere"), "somewhere");
}

}  // namespace
}  // namespace posthorn::access
