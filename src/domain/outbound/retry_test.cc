#include "domain/outbound/retry.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

using Kind = NextStep::Kind;

AttemptOutcome answered(int status, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  const bool success = status >= 200 && status <= 299;
  return {success ? FailureKind::none : FailureKind::status, status, retry_after};
}

RetryPolicy without_jitter(std::vector<Milliseconds> delays) { return {std::move(delays), 0.0}; }

TEST(RetryPolicy, FollowsTheScheduleAndThenGivesUp) {
  SeededRandom random(1);
  const auto policy = without_jitter({5s, 300s});
  EXPECT_EQ(next_step(policy, 1, answered(500), random), (NextStep{Kind::retry, 5s}));
  EXPECT_EQ(next_step(policy, 2, answered(500), random), (NextStep{Kind::retry, 300s}));
  EXPECT_EQ(next_step(policy, 3, answered(500), random), (NextStep{Kind::exhausted}));
}

TEST(RetryPolicy, WithoutDelaysMakesOneAttempt) {
  SeededRandom random(1);
  EXPECT_EQ(next_step(without_jitter({}), 1, answered(500), random).kind, Kind::exhausted);
}

TEST(RetryPolicy, CountsOnlyTwoHundredsAsSuccess) {
  SeededRandom random(1);
  const auto policy = without_jitter({1s});
  for (int status = 100; status <= 599; ++status) {
    const auto step = next_step(policy, 1, answered(status), random);
    if (status >= 200 && status <= 299) {
      EXPECT_EQ(step.kind, Kind::succeeded) << status;
    } else if (status == 410) {
      EXPECT_EQ(step, (NextStep{Kind::exhausted, Milliseconds(0), true}));
    } else {
      EXPECT_EQ(step, (NextStep{Kind::retry, 1s})) << status;
    }
  }
}

TEST(RetryPolicy, HonoursRetryAfterWithinItsCap) {
  SeededRandom random(1);
  const auto policy = without_jitter({5s});
  EXPECT_EQ(next_step(policy, 1, answered(503, 60s), random).delay, 60s);
  EXPECT_EQ(next_step(policy, 1, answered(503, 1s), random).delay, 5s) << "never earlier than the schedule";
  EXPECT_EQ(next_step(policy, 1, answered(503, 1'000'000'000s), random).delay, kRetryAfterMax);
}

TEST(RetryPolicy, KeepsJitterWithinItsShare) {
  SeededRandom random(7);
  const RetryPolicy policy{{10s}, 0.2};
  Milliseconds lowest = 1h;
  Milliseconds highest{0};
  for (int i = 0; i < 2000; ++i) {
    const auto delay = next_step(policy, 1, answered(500), random).delay;
    lowest = std::min(lowest, delay);
    highest = std::max(highest, delay);
  }
  EXPECT_GE(lowest, 8s);
  EXPECT_LE(highest, 12s);
  EXPECT_LT(lowest, 8500ms);
  EXPECT_GT(highest, 11500ms);
}

TEST(RetryPolicy, TheStandardOneIsTheStandardWebhooksSchedule) {
  const std::vector<Milliseconds> expected{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  EXPECT_EQ(standard_retry_policy().delays, expected);
}

TEST(RetryPolicy, ExpandsAnExponentialOneUpToItsMaximum) {
  const std::vector<Milliseconds> expected{1s, 3s, 9s, 20s, 20s};
  EXPECT_EQ(exponential_delays(1s, 3.0, 20s, 5), expected);
  EXPECT_TRUE(exponential_delays(1s, 2.0, 20s, 0).empty());
  EXPECT_EQ(exponential_delays(1s, 100.0, kRetryDelayMax, 50).back(), Milliseconds(kRetryDelayMax));
}

}  // namespace
}  // namespace posthorn::domain
