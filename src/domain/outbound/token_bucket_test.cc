#include "domain/outbound/token_bucket.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "base/random.h"

namespace posthorn::domain {
namespace {

const Timestamp kStart{Milliseconds(1'700'000'000'000)};

bool take(const TokenBucket& bucket, TokenBucket::Kept& kept, Timestamp now) {
  const auto after = bucket.after_take(kept, now);
  const bool taken = after != kept;
  kept = after;
  return taken;
}

TEST(TokenBucket, KeepsItsRateOverAnHourWithoutDriftAtAnyRate) {
  for (const double rate : {0.5, 1.0, 3.0, 50.0, 999.0, 5000.0}) {
    const TokenBucket bucket({rate, 1});
    TokenBucket::Kept kept = 0;
    Timestamp now = kStart;
    const Timestamp end = kStart + (rate > 100 ? Milliseconds(60'000) : Milliseconds(3'600'000));
    std::int64_t taken = 0;
    while (now < end) {
      while (take(bucket, kept, now)) ++taken;
      now = bucket.next(kept, now) + Milliseconds(1);  // a timer is always a little late
    }
    const double expected = rate * std::chrono::duration<double>(end - kStart).count();
    EXPECT_GE(static_cast<double>(taken), expected - 1 - expected * 1e-3) << rate;
    EXPECT_LE(static_cast<double>(taken), expected + 1 + rate * 0.007) << rate;
  }
}

TEST(TokenBucket, GivesNoMoreThanItsBurstAfterIdleness) {
  const TokenBucket bucket({10, 4});
  TokenBucket::Kept kept = 0;
  for (const auto idle : {0ms, 100ms, 3'600'000ms, 86'400'000ms}) {
    const Timestamp now = kStart + 1h + idle;
    int taken = 0;
    while (take(bucket, kept, now)) ++taken;
    EXPECT_LE(taken, 4) << idle.count();
    if (idle > 1h) {
      EXPECT_EQ(taken, 4);
    }
  }
}

TEST(TokenBucket, NeverExceedsItsBoundInAnyWindow) {
  SeededRandom random(7);
  for (int round = 0; round < 20; ++round) {
    const RateLimit limit{0.5 + random.fraction() * 200, 1 + static_cast<std::uint32_t>(random.next() % 20)};
    const TokenBucket bucket(limit);
    TokenBucket::Kept kept = 0;
    std::deque<Timestamp> taken;
    Timestamp now = kStart;
    for (int step = 0; step < 2000; ++step) {
      now += Milliseconds(random.next() % 50);
      while (take(bucket, kept, now)) taken.push_back(now);
    }
    for (std::size_t from = 0; from < taken.size(); from += 7) {
      for (std::size_t to = from; to < taken.size(); to += 11) {
        const double window = std::chrono::duration<double>(taken[to] - taken[from]).count();
        ASSERT_LE(static_cast<double>(to - from + 1), limit.burst + limit.per_second * (window + 0.005) + 1e-6);
      }
    }
  }
}

TEST(TokenBucket, SaysWhenTheNextTokenIsThere) {
  const TokenBucket bucket({4, 1});
  TokenBucket::Kept kept = 0;
  EXPECT_EQ(bucket.next(kept, kStart), kStart);
  ASSERT_TRUE(take(bucket, kept, kStart));
  const Timestamp next = bucket.next(kept, kStart);
  EXPECT_EQ(next, kStart + 245ms) << "250 ms, and 5 ms of slack";
  EXPECT_FALSE(take(bucket, kept, next - 1ms));
  EXPECT_TRUE(take(bucket, kept, next));
}

}  // namespace
}  // namespace posthorn::domain
