#include "domain/outbound/ramp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

const Timestamp kStart{Milliseconds(1'700'000'000'000)};

// Starts `total` requests as soon as the ramp lets them, but at most `ceiling` a second; how many each second carried.
std::map<std::int64_t, int> drain(int total, int ceiling_per_ms) {
  Ramp ramp(kStart);
  std::map<std::int64_t, int> seconds;
  Timestamp now = kStart;
  for (int left = total; left > 0;) {
    for (int i = 0; i < ceiling_per_ms && left > 0 && (ramp.over(now) || ramp.next(now) == now); ++i, --left) {
      ramp.started(now);
      ++seconds[(now - kStart) / 1000ms];
    }
    now += Milliseconds(1);
  }
  return seconds;
}

TEST(Ramp, LetsNoSecondCarryMoreThanThreeTimesTheMeanHoweverMuchWaits) {
  for (const int total : {100, 1'000, 10'000, 100'000, 1'000'000}) {
    for (const int ceiling : {1, 4, 20}) {
      const auto seconds = drain(total, ceiling);
      const double mean = static_cast<double>(total) / static_cast<double>(seconds.rbegin()->first + 1);
      int most = 0;
      for (const auto& [second, count] : seconds) most = std::max(most, count);
      EXPECT_LE(most, 3 * mean) << total << " at most " << ceiling << " a millisecond";
    }
  }
}

TEST(Ramp, BeginsWithAHandfulAndGrowsEvenly) {
  const auto seconds = drain(100'000, 100);
  EXPECT_LE(seconds.at(0), 60);
  for (std::int64_t i = 1; i < 20; ++i) EXPECT_NEAR(seconds.at(i) - seconds.at(i - 1), 100, 5) << i;
}

TEST(Ramp, FollowsAPauseWithNoBurst) {
  Ramp ramp(kStart);
  for (Timestamp now = kStart; now < kStart + 10s; now += Milliseconds(1)) {
    while (ramp.next(now) == now) ramp.started(now);
  }
  const Timestamp later = kStart + 20s;
  int at_once = 0;
  while (ramp.next(later) == later) {
    ramp.started(later);
    ++at_once;
  }
  EXPECT_LE(at_once, 202) << "a tenth of 2005 a second";
  EXPECT_GE(at_once, 150) << "control";
}

TEST(Ramp, IsOverAfterItsTime) {
  const Ramp ramp(kStart);
  EXPECT_FALSE(ramp.over(kStart + kRampTime - 1ms));
  EXPECT_TRUE(ramp.over(kStart + kRampTime));
}

}  // namespace
}  // namespace posthorn::domain
