#include "script/fair_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthorn::script {
namespace {

using Queue = FairQueue<std::string>;

// Runs whatever the queue gives, one at a time, for as long as `took` says; answers the items in their order.
std::vector<std::string> run_all(Queue& queue, std::chrono::nanoseconds (*took)(const std::string&),
                                 std::size_t count_max = 1000) {
  std::vector<std::string> order;
  while (order.size() < count_max) {
    auto taken = queue.take();
    if (!taken) break;
    queue.finished(taken->caller, taken->pace, took(taken->item), took(taken->item), false);
    order.push_back(taken->item);
  }
  return order;
}

TEST(FairQueue, KeepsTheOrderOfOneStrand) {
  Queue queue(2);
  for (const char* item : {"a", "b", "c"}) queue.add({1, 1}, item);
  EXPECT_EQ(queue.waiting(), 3U);
  EXPECT_EQ(run_all(queue, [](const std::string&) { return std::chrono::nanoseconds(1ms); }),
            (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(FairQueue, SharesTimeEvenlyBetweenOwners) {
  Queue queue(1);
  for (int i = 0; i < 100; ++i) queue.add({1, 1}, "long");
  for (int i = 0; i < 100; ++i) queue.add({2, 1}, "short");
  const auto order =
      run_all(queue, [](const std::string& item) { return std::chrono::nanoseconds(item == "long" ? 10ms : 1ms); }, 55);
  // Ten short ones take as long as one long one.
  EXPECT_NEAR(static_cast<double>(std::count(order.begin(), order.end(), "long")), 5, 1);
}

TEST(FairQueue, GivesAnOwnerWithManyStrandsNoMoreThanOneWithASingleOne) {
  Queue queue(1);
  for (std::uint64_t strand = 0; strand < 10; ++strand) {
    for (int i = 0; i < 50; ++i) queue.add({1, strand}, "many");
  }
  for (int i = 0; i < 50; ++i) queue.add({2, 1}, "one");
  const auto order = run_all(queue, [](const std::string&) { return std::chrono::nanoseconds(1ms); }, 40);
  EXPECT_NEAR(static_cast<double>(std::count(order.begin(), order.end(), "one")), 20, 6);
}

TEST(FairQueue, GivesNoCreditForTimeAway) {
  Queue queue(1);
  for (int i = 0; i < 50; ++i) queue.add({1, 1}, "first");
  run_all(queue, [](const std::string&) { return std::chrono::nanoseconds(1ms); }, 40);
  for (int i = 0; i < 50; ++i) queue.add({2, 1}, "late");
  const auto order = run_all(queue, [](const std::string&) { return std::chrono::nanoseconds(1ms); }, 10);
  EXPECT_NEAR(static_cast<double>(std::count(order.begin(), order.end(), "late")), 5, 1);
}

// Runs one call of the strand, so that the queue knows its pace.
void run_once(Queue& queue, const Caller& caller, std::chrono::nanoseconds run, bool broke = false) {
  queue.add(caller, "known from");
  const auto taken = queue.take();
  ASSERT_TRUE(taken && taken->caller == caller);
  queue.finished(caller, taken->pace, run, run, broke);
}

TEST(FairQueue, LeavesHalfOfTheHelpersToQuickStrands) {
  Queue queue(4);
  run_once(queue, {2, 1}, 1ms);
  // Who was never seen may be slow.
  for (std::uint64_t strand = 1; strand <= 6; ++strand) queue.add({1, strand}, "slow");
  const auto first = queue.take();
  const auto second = queue.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(queue.can_take());
  EXPECT_FALSE(queue.take());
  queue.add({2, 1}, "quick");
  const auto quick = queue.take();
  ASSERT_TRUE(quick);
  EXPECT_EQ(quick->item, "quick");
  EXPECT_EQ(quick->pace, Pace::quick);
  EXPECT_FALSE(queue.take());
  queue.finished(first->caller, first->pace, 1s, 1s, false);
  EXPECT_EQ(queue.take()->item, "slow");
}

TEST(FairQueue, GivesASingleHelperToSlowStrandsToo) {
  Queue queue(1);
  run_once(queue, {1, 1}, 1s);
  queue.add({1, 1}, "b");
  EXPECT_EQ(queue.take()->item, "b");
}

TEST(FairQueue, TakesTheStartOfAHelperForNobodysSlowness) {
  Queue queue(2);
  queue.add({1, 1}, "first");
  auto taken = queue.take();
  queue.finished(taken->caller, taken->pace, 1s, 1ms, false);
  queue.add({1, 1}, "second");
  EXPECT_EQ(queue.take()->pace, Pace::quick);
}

TEST(FairQueue, BelievesAStrandThatBrokeItsHelperOnlyAfterAWhile) {
  Queue queue(2);
  run_once(queue, {1, 1}, 1ms);
  // It always has work: what is idle and slow is forgotten.
  for (int i = 0; i < 30; ++i) queue.add({1, 1}, "more");
  auto taken = queue.take();
  EXPECT_EQ(taken->pace, Pace::quick);
  queue.finished(taken->caller, taken->pace, 1ms, 1ms, true);
  int slow = 0;
  for (int i = 0; i < 20; ++i) {
    taken = queue.take();
    if (taken->pace == Pace::slow) ++slow;
    queue.finished(taken->caller, taken->pace, 1ms, 1ms, false);
  }
  EXPECT_GE(slow, 3);
  EXPECT_LE(slow, 10);
}

TEST(FairQueue, LearnsNothingFromACallThatWasNotRun) {
  Queue queue(2);
  queue.add({1, 1}, "a");
  const auto taken = queue.take();
  queue.returned(taken->caller, taken->pace);
  EXPECT_EQ(queue.strands(), 0U);
  for (int i = 0; i < 3; ++i) {
    queue.add({1, 1}, "b");
    const auto again = queue.take();
    ASSERT_TRUE(again) << "the place of a slow strand was kept";
    queue.returned(again->caller, again->pace);
  }
}

TEST(FairQueue, RemembersABoundedNumberOfQuickStrands) {
  Queue queue(2);
  for (std::uint64_t strand = 0; strand < kScriptStrandsRemembered + 10; ++strand) run_once(queue, {1, strand}, 1ms);
  EXPECT_EQ(queue.strands(), kScriptStrandsRemembered);
  queue.add({1, 0}, "forgotten");
  EXPECT_EQ(queue.take()->pace, Pace::slow);
  queue.add({1, 20}, "remembered");
  EXPECT_EQ(queue.take()->pace, Pace::quick);
}

TEST(FairQueue, BoundsWhatOneOwnerMayHaveWaiting) {
  Queue queue(1);
  for (std::size_t i = 0; i < kScriptQueueOfOwnerMax; ++i) {
    ASSERT_TRUE(queue.has_room({1, i}));
    queue.add({1, i}, "x");
  }
  EXPECT_FALSE(queue.has_room({1, 1}));
  EXPECT_TRUE(queue.has_room({2, 1}));
}

TEST(FairQueue, CanBeEmptied) {
  Queue queue(1);
  queue.add({1, 1}, "runs");
  const auto running = queue.take();
  for (const std::uint64_t strand : {1U, 2U}) queue.add({1, strand}, "waits");
  std::size_t dropped = 0;
  queue.drain([&](std::string) { ++dropped; });
  EXPECT_EQ(dropped, 2U);
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_FALSE(queue.can_take());
  queue.finished(running->caller, running->pace, 1ms, 1ms, false);
  queue.add({1, 1}, "after");
  EXPECT_EQ(queue.take()->item, "after");
}

}  // namespace
}  // namespace posthorn::script
