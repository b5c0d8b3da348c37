#include "outbound/lane.h"

#include <gtest/gtest.h>

namespace posthorn::outbound {
namespace {

using domain::AttemptOutcome;
using domain::FailureKind;

const SubscriptionKey kSubscription{7};
const Timestamp kStart{Milliseconds(1'700'000'000'000)};

Work work(std::int64_t key, Timestamp due = kStart, std::size_t payload_bytes = 10) {
  auto event = std::make_shared<domain::Event>();
  event->payload.assign(payload_bytes, 'x');
  return Work{{{key}, 0}, kSubscription, std::move(event), 0, 0, due};
}

std::vector<Work> works(std::int64_t first, std::int64_t count, Timestamp due = kStart) {
  std::vector<Work> many;
  for (std::int64_t i = 0; i < count; ++i) many.push_back(work(first + i, due));
  return many;
}

AttemptOutcome success() { return {FailureKind::none, 200, std::nullopt}; }
AttemptOutcome refused() { return {FailureKind::connect, 0, std::nullopt}; }

// Attempts and finishes everything that the lane gives; answers the keys in order.
std::vector<std::int64_t> deliver_all(Lane& lane, Timestamp now) {
  std::vector<std::int64_t> keys;
  while (auto next = lane.take(now)) {
    keys.push_back(next->id.key.value);
    lane.answered(success(), now, now);
    lane.finished(*next, now);
  }
  return keys;
}

TEST(Lane, AttemptsWorkInTheOrderItCame) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 3)) lane.accept(std::move(one), kStart);
  EXPECT_EQ(deliver_all(lane, kStart), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_TRUE(lane.empty());
}

TEST(Lane, KeepsNoMoreAttemptsOutThanItsLimitWhichGrowsWithSuccess) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 100)) lane.accept(std::move(one), kStart);
  std::vector<Work> out;
  while (auto next = lane.take(kStart)) out.push_back(std::move(*next));
  EXPECT_EQ(out.size(), kLaneConcurrencyFirst);
  for (int round = 0; round < 5; ++round) {
    for (const auto& one : out) {
      lane.answered(success(), kStart, kStart);
      lane.finished(one, kStart);
    }
    out.clear();
    while (auto next = lane.take(kStart)) out.push_back(std::move(*next));
  }
  EXPECT_EQ(out.size(), kLaneConcurrencyMax);
}

TEST(Lane, LearnsNothingOfAnEndpointFromAttemptsThatWereNeverSent) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 100)) lane.accept(std::move(one), kStart);
  const auto attempt = [&](FailureKind failure) {
    const auto next = lane.take(kStart);
    ASSERT_TRUE(next);
    lane.answered({failure, 0, std::nullopt}, kStart, kStart);
    lane.finished(*next, kStart);
  };
  for (int i = 0; i < 2 * kBreakerFailures; ++i) attempt(FailureKind::transform);
  EXPECT_FALSE(lane.sick());
  for (int i = 1; i < kBreakerFailures; ++i) attempt(FailureKind::connect);
  attempt(FailureKind::transform);
  EXPECT_FALSE(lane.sick());
  attempt(FailureKind::connect);
  EXPECT_TRUE(lane.sick()) << "they do not end the row of real failures either";
}

TEST(Lane, IgnoresWorkItHasAlready) {
  Lane lane(kSubscription);
  lane.accept(work(1), kStart);
  lane.accept(work(1), kStart);
  EXPECT_EQ(deliver_all(lane, kStart).size(), 1u);
}

TEST(Lane, LeavesToTheStoreWhatItsWindowCannotHoldAndPagesItInLater) {
  Lane lane(kSubscription);
  const auto total = static_cast<std::int64_t>(kLaneReadyMax) + 50;
  for (auto& one : works(1, total)) lane.accept(std::move(one), kStart);
  EXPECT_EQ(lane.in_memory(), kLaneReadyMax);
  EXPECT_FALSE(lane.wants_load(kStart)) << "the window is still full";
  EXPECT_EQ(deliver_all(lane, kStart).size(), kLaneReadyMax);
  ASSERT_TRUE(lane.wants_load(kStart));
  EXPECT_GT(lane.begin_load(), 50u);
  lane.loaded(works(total - 49, 50), false, kStart);
  EXPECT_FALSE(lane.wants_load(kStart));
  EXPECT_EQ(deliver_all(lane, kStart).size(), 50u);
  EXPECT_FALSE(lane.store_next());
}

TEST(Lane, BoundsItsWindowByPayloadBytesToo) {
  Lane lane(kSubscription);
  for (std::int64_t key = 1; key <= 20; ++key) lane.accept(work(key, kStart, 1024 * 1024), kStart);
  EXPECT_LE(lane.in_memory(), kLaneWindowBytesMax / (1024 * 1024));
  EXPECT_TRUE(lane.store_next());
}

TEST(Lane, NeverTakesFromAPageWhatItSentWhileThePageWasRead) {
  Lane lane(kSubscription);
  lane.expect_in_store(kStart);
  lane.accept(work(1), kStart);
  ASSERT_TRUE(lane.wants_load(kStart));
  lane.begin_load();
  lane.loaded(works(1, 2), false, kStart);
  const auto out = lane.take(kStart);
  ASSERT_EQ(out->id.key.value, 1);
  lane.expect_in_store(kStart);
  lane.begin_load();  // the page is read now: 1 and 2 are still pending in it
  lane.answered(success(), kStart, kStart);
  lane.finished(work(1), kStart);
  lane.loaded(works(1, 2), false, kStart);
  EXPECT_EQ(deliver_all(lane, kStart), (std::vector<std::int64_t>{2}));
}

TEST(Lane, AsksTheStoreAboutWorkThatAPageMayHaveShown) {
  Lane lane(kSubscription);
  lane.expect_in_store(kStart);
  lane.begin_load();
  lane.loaded(works(10, 3), false, kStart);
  EXPECT_EQ(deliver_all(lane, kStart).size(), 3u);
  lane.accept(work(11), kStart);  // the same news by the other way, late
  EXPECT_EQ(deliver_all(lane, kStart).size(), 0u) << "it has been delivered from the page";
  ASSERT_TRUE(lane.wants_load(kStart));
  lane.begin_load();
  lane.loaded({}, false, kStart);
  lane.accept(work(13), kStart);
  EXPECT_EQ(deliver_all(lane, kStart), (std::vector<std::int64_t>{13})) << "control: new work runs";
}

TEST(Lane, ReadsAgainWhenWorkWasLeftWhileAPageWasRead) {
  Lane lane(kSubscription);
  lane.expect_in_store(kStart);
  lane.begin_load();
  lane.accept(work(5), kStart);
  lane.loaded({}, false, kStart);
  EXPECT_TRUE(lane.wants_load(kStart));
}

TEST(Lane, HoldsARetryUntilItIsDue) {
  Lane lane(kSubscription);
  lane.accept(work(1), kStart);
  auto out = lane.take(kStart);
  lane.answered({FailureKind::status, 500, std::nullopt}, kStart, kStart);
  lane.retry_later(std::move(*out), kStart + 5s, kStart);
  EXPECT_FALSE(lane.take(kStart + 4s));
  EXPECT_EQ(lane.next_wake(kStart), kStart + 5s);
  EXPECT_EQ(lane.take(kStart + 5s)->id.key.value, 1);
}

TEST(Lane, KeepsOnlyTheNextRetriesInMemoryAndKnowsWhenToAskForTheRest) {
  Lane lane(kSubscription);
  const auto count = static_cast<std::int64_t>(kLaneWaitingMax) + 10;
  for (auto& one : works(1, count)) lane.accept(std::move(one), kStart);
  for (std::int64_t i = 0; i < count; ++i) {
    auto out = lane.take(kStart);
    ASSERT_TRUE(out);
    lane.answered({FailureKind::status, 500, std::nullopt}, kStart, kStart);
    lane.retry_later(std::move(*out), kStart + std::chrono::seconds(100 + i), kStart);
  }
  EXPECT_EQ(lane.in_memory(), kLaneWaitingMax);
  EXPECT_EQ(lane.store_next(), kStart + std::chrono::seconds(100 + static_cast<std::int64_t>(kLaneWaitingMax)));
}

TEST(Lane, OpensItsBreakerAfterFailuresInARowAndProbesWithOne) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 100)) lane.accept(std::move(one), kStart);
  int attempts = 0;
  while (auto out = lane.take(kStart)) {
    ++attempts;
    lane.answered(refused(), kStart, kStart);
    lane.retry_later(std::move(*out), kStart + 1h, kStart);
  }
  EXPECT_EQ(attempts, kBreakerFailures);
  EXPECT_TRUE(lane.sick());
  EXPECT_EQ(lane.in_memory(), kLaneReadySickMax + static_cast<std::size_t>(kBreakerFailures)) << "the window shrinks";
  EXPECT_EQ(lane.runnable(kStart), 0) << "work for a sick endpoint never counts";
  EXPECT_EQ(lane.next_wake(kStart), kStart + kBreakerPauseFirst);

  const Timestamp probe = kStart + kBreakerPauseFirst;
  auto out = lane.take(probe);
  ASSERT_TRUE(out);
  EXPECT_FALSE(lane.take(probe)) << "one probe at a time";
  lane.answered(refused(), probe, probe);
  lane.retry_later(std::move(*out), kStart + 1h, kStart);
  EXPECT_FALSE(lane.take(probe + kBreakerPauseFirst)) << "the pause has doubled";

  const Timestamp second = probe + 2 * kBreakerPauseFirst;
  out = lane.take(second);
  ASSERT_TRUE(out);
  lane.answered({FailureKind::status, 500, std::nullopt}, second, second);
  EXPECT_FALSE(lane.sick()) << "any HTTP answer closes it";
  EXPECT_TRUE(lane.take(second));
}

TEST(Lane, StopsCountingWorkBehindAttemptsThatHang) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 10)) lane.accept(std::move(one), kStart);
  ASSERT_TRUE(lane.take(kStart));
  EXPECT_EQ(lane.runnable(kStart + kLaneStallTime), 9);
  EXPECT_EQ(lane.runnable(kStart + kLaneStallTime + 1ms), 0);
}

TEST(Lane, PausedLeavesEverythingToTheStore) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 5)) lane.accept(std::move(one), kStart);
  auto out = lane.take(kStart);
  lane.pause(kStart);
  EXPECT_FALSE(lane.take(kStart));
  EXPECT_FALSE(lane.wants_load(kStart));
  EXPECT_FALSE(lane.next_wake(kStart));
  lane.answered({FailureKind::status, 500, std::nullopt}, kStart, kStart);
  lane.retry_later(std::move(*out), kStart + 5s, kStart);
  EXPECT_TRUE(lane.empty());
  lane.resume();
  EXPECT_TRUE(lane.wants_load(kStart));
}

TEST(Lane, DropsACancelledDeliveryUnlessItIsOut) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 3)) lane.accept(std::move(one), kStart);
  const auto out = lane.take(kStart);
  lane.cancelled({2}, kStart);
  lane.cancelled({1}, kStart);
  EXPECT_EQ(deliver_all(lane, kStart), (std::vector<std::int64_t>{3}));
  lane.answered(success(), kStart, kStart);
  lane.finished(*out, kStart);
  EXPECT_TRUE(lane.empty());
}

Work ordered(std::int64_t event, std::int64_t order_key) {
  auto made = std::make_shared<domain::Event>();
  made->id.key = EventKey{event};
  made->payload = "x";
  return Work{.id = {{event + 1'000'000}, 0},
              .subscription = kSubscription,
              .event = std::move(made),
              .due = kStart,
              .order_key = order_key};
}

LaneRules rules(double per_second, std::uint32_t burst) {
  LaneRules rules;
  rules.rate.emplace(domain::RateLimit{per_second, burst});
  return rules;
}

TEST(Lane, AttemptsNoFasterThanItsRateAndSaysWhenToLookAgain) {
  Lane lane(kSubscription);
  lane.set_rules(rules(10, 2));
  for (auto& one : works(1, 10)) lane.accept(std::move(one), kStart);
  EXPECT_TRUE(lane.take(kStart));
  EXPECT_TRUE(lane.take(kStart));
  EXPECT_FALSE(lane.take(kStart));
  EXPECT_EQ(lane.runnable(kStart), 0) << "what waits for the limit is not runnable";
  const auto wake = lane.next_wake(kStart);
  ASSERT_TRUE(wake);
  EXPECT_LE(*wake - kStart, 100ms);
  EXPECT_GE(*wake - kStart, 90ms);
  EXPECT_TRUE(lane.take(*wake));
  EXPECT_FALSE(lane.may_be_forgotten(*wake)) << "or its bucket would be full again";
}

TEST(Lane, KeepsTheConcurrencyThatItsOwnerAskedFor) {
  Lane lane(kSubscription);
  LaneRules two;
  two.concurrency_max = 2;
  lane.set_rules(two);
  for (auto& one : works(1, 10)) lane.accept(std::move(one), kStart);
  EXPECT_TRUE(lane.take(kStart));
  EXPECT_TRUE(lane.take(kStart));
  EXPECT_FALSE(lane.take(kStart));
  EXPECT_EQ(lane.runnable(kStart), 0);
}

TEST(Lane, AsksASlowEndpointOneByOneWithPauses) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 10)) lane.accept(std::move(one), kStart);
  const AttemptOutcome busy{FailureKind::status, 503, std::nullopt};
  auto first = lane.take(kStart);
  auto second = lane.take(kStart);
  lane.answered(busy, kStart, kStart + 1ms);
  lane.retry_later(std::move(*first), kStart + 1h, kStart);
  EXPECT_FALSE(lane.take(kStart + 1h)) << "another is out";
  lane.answered(busy, kStart, kStart + 1ms);
  lane.retry_later(std::move(*second), kStart + 1h, kStart);
  EXPECT_FALSE(lane.take(kStart + kPaceIntervalFirst));
  EXPECT_TRUE(lane.take(kStart + kPaceIntervalFirst + 1ms));
  EXPECT_FALSE(lane.take(kStart + 10s));
}

TEST(Lane, LeadsAnEndpointThatWasSickBackToFullSpeed) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 3000)) lane.accept(std::move(one), kStart);
  while (auto out = lane.take(kStart)) {
    lane.answered(refused(), kStart, kStart);
    lane.retry_later(std::move(*out), kStart + 1h, kStart);
  }
  const Timestamp back = kStart + kBreakerPauseFirst;
  auto probe = lane.take(back);
  ASSERT_TRUE(probe);
  lane.answered(success(), back, back);
  lane.finished(*probe, back);
  for (auto& one : works(10'000, 3000)) lane.accept(std::move(one), back);
  int started = 0;
  for (Timestamp now = back; now < back + 1s; now += 1ms) {
    while (lane.wants_load(now)) {
      lane.begin_load();
      lane.loaded({}, false, now);
    }
    while (auto out = lane.take(now)) {
      ++started;
      lane.answered(success(), now, now);
      lane.finished(*out, now);
    }
  }
  EXPECT_EQ(lane.runnable(back + 1s - 1ms), 0) << "what the ramp holds back is not runnable";
  EXPECT_LE(started, 57);
  EXPECT_GE(started, 25) << "control";
}

TEST(Lane, GathersABatchUntilItIsFullOrHasWaited) {
  Lane lane(kSubscription);
  LaneRules batches;
  batches.batching = domain::Batching{3, 1000, 500ms};
  lane.set_rules(batches);
  for (auto& one : works(1, 4)) lane.accept(std::move(one), kStart);
  auto first = lane.take(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(lane.take_rest(*first, kStart).size(), 2u);
  EXPECT_FALSE(lane.take(kStart + 499ms)) << "one is not full";
  EXPECT_EQ(lane.next_wake(kStart), kStart + 500ms);
  first = lane.take(kStart + 500ms);
  ASSERT_TRUE(first);
  EXPECT_TRUE(lane.take_rest(*first, kStart + 500ms).empty());
}

TEST(Lane, EndsABatchAtItsBytes) {
  Lane lane(kSubscription);
  LaneRules batches;
  batches.batching = domain::Batching{100, 25, 0ms};
  lane.set_rules(batches);
  for (auto& one : works(1, 10)) lane.accept(std::move(one), kStart);  // ten bytes each
  auto first = lane.take(kStart);
  ASSERT_TRUE(first);
  EXPECT_EQ(lane.take_rest(*first, kStart).size(), 2u) << "the bound is passed by at most one event";
}

TEST(Lane, GivesOrderedAndOtherWorkTheirTurns) {
  Lane lane(kSubscription);
  for (auto& one : works(1, 2)) lane.accept(std::move(one), kStart);
  lane.accept(ordered(50, 1), kStart);
  lane.accept(ordered(51, 2), kStart);
  std::vector<bool> turns;
  while (auto out = lane.take(kStart)) turns.push_back(out->order_key.has_value());
  EXPECT_EQ(turns, (std::vector<bool>{false, true, false, true}));
}

}  // namespace
}  // namespace posthorn::outbound
