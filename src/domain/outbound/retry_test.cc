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

RetryPolicy without_jitter(std::vector<Milliseconds> delays) { return {.delays = std::move(delays), .jitter = 0.0}; }

TEST(RetryPolicy, FollowsTheScheduleAndThenGivesUp) {
  SeededRandom random(1);
  const auto policy = without_jitter({5s, 300s});
  EXPECT_EQ(next_step(policy, {1}, answered(500), random), (NextStep{Kind::retry, 5s}));
  EXPECT_EQ(next_step(policy, {2}, answered(500), random), (NextStep{Kind::retry, 300s}));
  EXPECT_EQ(next_step(policy, {3}, answered(500), random), (NextStep{Kind::exhausted}));
}

TEST(RetryPolicy, WithoutDelaysMakesOneAttempt) {
  SeededRandom random(1);
  EXPECT_EQ(next_step(without_jitter({}), {1}, answered(500), random).kind, Kind::exhausted);
}

TEST(RetryPolicy, CountsOnlyTwoHundredsAsSuccess) {
  SeededRandom random(1);
  const auto policy = without_jitter({1s});
  for (int status = 100; status <= 599; ++status) {
    const auto step = next_step(policy, {1}, answered(status), random);
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
  EXPECT_EQ(next_step(policy, {1}, answered(503, 60s), random).delay, 60s);
  EXPECT_EQ(next_step(policy, {1}, answered(503, 1s), random).delay, 5s) << "never earlier than the schedule";
  EXPECT_EQ(next_step(policy, {1}, answered(503, 1'000'000'000s), random).delay, kRetryAfterMax);
}

TEST(RetryPolicy, KeepsJitterWithinItsShare) {
  SeededRandom random(7);
  const RetryPolicy policy{.delays = {10s}};
  Milliseconds lowest = 1h;
  Milliseconds highest{0};
  for (int i = 0; i < 2000; ++i) {
    const auto delay = next_step(policy, {1}, answered(500), random).delay;
    lowest = std::min(lowest, delay);
    highest = std::max(highest, delay);
  }
  EXPECT_GE(lowest, 8s);
  EXPECT_LE(highest, 12s);
  EXPECT_LT(lowest, 8500ms);
  EXPECT_GT(highest, 11500ms);
}

TEST(RetryPolicy, NeverWaitsLongerThanItsMaximumWhateverTheJitter) {
  SeededRandom random(7);
  const RetryPolicy policy{.delays = {10s}, .jitter = 1.0, .delay_max = 11s};
  Milliseconds highest{0};
  for (int i = 0; i < 2000; ++i) highest = std::max(highest, next_step(policy, {1}, answered(500), random).delay);
  EXPECT_EQ(highest, 11s);
  EXPECT_EQ(next_step(policy, {1}, answered(503, 60s), random).delay, 60s) << "Retry-After has a bound of its own";
}

TEST(RetryPolicy, EndsAtOnceOnTheStatusesThatItNames) {
  SeededRandom random(1);
  RetryPolicy policy = without_jitter({1s, 2s});
  policy.end_on = {400, 410, 422};
  for (int status = 100; status <= 599; ++status) {
    const auto step = next_step(policy, {1}, answered(status), random);
    if (status >= 200 && status <= 299) {
      EXPECT_EQ(step.kind, Kind::succeeded);
    } else if (status == 400 || status == 410 || status == 422) {
      EXPECT_EQ(step, (NextStep{.kind = Kind::exhausted, .disable_subscription = status == 410})) << status;
    } else {
      EXPECT_EQ(step.kind, Kind::retry) << status;
    }
  }
  EXPECT_EQ(next_step(policy, {1}, {FailureKind::timeout, 0, std::nullopt}, random).kind, Kind::retry);
}

TEST(RetryPolicy, RepeatsAFirstAttemptThatNeverConnectedOnceAtOnce) {
  SeededRandom random(1);
  const auto policy = without_jitter({5s, 300s});
  const NextStep at_once{.kind = Kind::retry, .outside_schedule = true};
  const NextStep first{Kind::retry, 5s};
  const NextStep second{Kind::retry, 300s};
  struct Case {
    FailureKind failure;
    AttemptPlace place;
    NextStep expected;
  };
  using enum FailureKind;
  const Case table[] = {
      {name, {1, 0}, at_once},       {connect, {1, 0}, at_once},
      {connect, {2, 1}, first},  // what follows: the schedule begins behind the first attempt
      {connect, {3, 1}, second},     {connect, {4, 1}, {Kind::exhausted}},
      {connect, {2, 0}, second},  // the first attempt was answered: it had its place in the schedule
      {connect, {5, 4}, first},   // a resend is not a delivery's first attempt
      {blocked, {1, 0}, first},      {tls, {1, 0}, first},
      {timeout, {1, 0}, first},      {proxy, {1, 0}, first},
      {disconnected, {1, 0}, first}, {protocol, {1, 0}, first},
      {too_large, {1, 0}, first},    {internal, {1, 0}, first},
  };
  for (const auto& c : table) {
    EXPECT_EQ(next_step(policy, c.place, {c.failure, 0, std::nullopt}, random), c.expected)
        << to_text(c.failure) << " " << c.place.number << " " << c.place.schedule_start;
  }
  EXPECT_EQ(next_step(without_jitter({}), {1}, {connect, 0, std::nullopt}, random).kind, Kind::exhausted)
      << "a policy without retries has none";
}

TEST(RetryPolicy, HasThePresetsByName) {
  const std::vector<Milliseconds> standard{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
  EXPECT_EQ(standard_retry_policy().delays, standard);
  EXPECT_EQ(find_retry_preset("standard")->policy, standard_retry_policy());
  EXPECT_EQ(find_retry_preset("standard")->timeout, kAttemptTimeoutDefault);
  EXPECT_EQ(find_retry_preset("orangelogic")->policy.delays, exponential_delays(30s, 2.0, kRetryDelayMax, 5));
  EXPECT_GT(find_retry_preset("orangelogic")->policy.jitter, 0.0);
  const RetryPreset& ovation = *find_retry_preset("ovation");
  EXPECT_EQ(ovation.policy.delays, (std::vector<Milliseconds>{64s, 729s}));
  EXPECT_EQ(ovation.policy.jitter, 0.0);
  EXPECT_EQ(ovation.timeout, 10s);
  EXPECT_EQ(find_retry_preset("none"), nullptr);
}

TEST(RetryPolicy, ExpandsAnExponentialOneUpToItsMaximum) {
  const std::vector<Milliseconds> expected{1s, 3s, 9s, 20s, 20s};
  EXPECT_EQ(exponential_delays(1s, 3.0, 20s, 5), expected);
  EXPECT_TRUE(exponential_delays(1s, 2.0, 20s, 0).empty());
  EXPECT_EQ(exponential_delays(1s, 100.0, kRetryDelayMax, 50).back(), Milliseconds(kRetryDelayMax));
}

}  // namespace
}  // namespace posthorn::domain
