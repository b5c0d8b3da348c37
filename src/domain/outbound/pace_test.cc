#include "domain/outbound/pace.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

const Timestamp kStart{Milliseconds(1'000'000)};

AttemptOutcome answered(int status, std::optional<std::chrono::seconds> retry_after = std::nullopt) {
  const bool success = status >= 200 && status <= 299;
  return {success ? FailureKind::none : FailureKind::status, status, retry_after};
}

// The pace after `count` requests, one after the other, that were all answered `status`.
Pace answered_often(Pace pace, int status, int count, Timestamp& now) {
  for (int i = 0; i < count; ++i) {
    now = std::max(now, next_start(pace));
    pace = after_start(pace, now);
    pace = after_answer(pace, answered(status), now, now);
  }
  return pace;
}

TEST(Pace, IsSlowedByTheFourStatusesThatAskForIt) {
  for (int status = 100; status <= 599; ++status) {
    const Pace pace = after_answer({}, answered(status), kStart, kStart);
    EXPECT_EQ(is_slow(pace), status == 429 || status == 502 || status == 503 || status == 504) << status;
  }
  EXPECT_EQ(after_answer({}, {FailureKind::connect, 0, std::nullopt}, kStart, kStart), Pace{});
  EXPECT_EQ(after_answer({}, {FailureKind::timeout, 0, std::nullopt}, kStart, kStart), Pace{});
}

TEST(Pace, DoublesThePauseUpToItsMaximum) {
  Timestamp now = kStart;
  Pace pace = answered_often({}, 503, 1, now);
  EXPECT_EQ(pace.interval, kPaceIntervalFirst);
  EXPECT_EQ(next_start(pace), kStart + kPaceIntervalFirst);
  pace = answered_often(pace, 503, 1, now);
  EXPECT_EQ(pace.interval, 2 * kPaceIntervalFirst);
  pace = answered_often(pace, 503, 40, now);
  EXPECT_EQ(pace.interval, kPaceIntervalMax);
}

TEST(Pace, RecoversByHalvesAndForgetsEverything) {
  Timestamp now = kStart;
  Pace pace = answered_often({}, 429, 4, now);
  EXPECT_EQ(pace.interval, 8 * kPaceIntervalFirst);
  pace = answered_often(pace, 200, 1, now);
  EXPECT_EQ(pace.interval, 4 * kPaceIntervalFirst);
  pace = answered_often(pace, 500, 1, now);
  EXPECT_EQ(pace.interval, 2 * kPaceIntervalFirst) << "another failure is no wish for fewer requests";
  pace = answered_often(pace, 200, 2, now);
  EXPECT_FALSE(is_slow(pace));
  const Timestamp before = next_start(pace);
  EXPECT_EQ(next_start(after_start(pace, now + 1h)), before) << "a pace that is not slow spaces nothing";
}

TEST(Pace, TakesAnswersToRequestsThatWereOutTogetherAsOneStep) {
  Pace pace;
  for (int i = 0; i < 16; ++i) pace = after_answer(pace, answered(503), kStart, kStart + Milliseconds(10 + i));
  EXPECT_EQ(pace.interval, kPaceIntervalFirst);
  pace = after_answer(pace, answered(503), kStart + 1s, kStart + 1s);
  EXPECT_EQ(pace.interval, 2 * kPaceIntervalFirst);
}

TEST(Pace, StopsForRetryAfterWithinItsCap) {
  Pace pace = after_answer({}, answered(429, 120s), kStart, kStart);
  EXPECT_EQ(next_start(pace), kStart + 120s);
  pace = after_answer({}, answered(503, 365 * 24h), kStart, kStart);
  EXPECT_EQ(next_start(pace), kStart + kPacePauseMax);
  pace = after_answer(pace, answered(503, 1s), kStart, kStart + 1s);
  EXPECT_EQ(next_start(pace), kStart + kPacePauseMax) << "a shorter one does not end a longer one";
  EXPECT_EQ(next_start(after_answer({}, answered(500, 120s), kStart, kStart)), Timestamp{}) << "500 asks for nothing";
}

TEST(Pace, SpacesStartsWhileSlow) {
  Timestamp now = kStart;
  Pace pace = answered_often({}, 503, 3, now);
  pace = after_start(pace, now + 10s);
  EXPECT_EQ(next_start(pace), now + 10s + 4 * kPaceIntervalFirst);
}

}  // namespace
}  // namespace posthorn::domain
