#include "outbound/run_queue.h"

#include <gtest/gtest.h>

#include <map>

namespace posthorn::outbound {
namespace {

using domain::Priority;

TEST(RunQueue, SharesTurnsByPriorityAndStarvesNobody) {
  RunQueue queue;
  const std::map<std::int64_t, Priority> lanes{{1, Priority::low}, {2, Priority::normal}, {3, Priority::high}};
  for (const auto& [key, priority] : lanes) queue.push({key}, priority);
  std::map<std::int64_t, int> turns;
  std::map<std::int64_t, int> longest_wait;
  std::map<std::int64_t, int> last;
  for (int i = 0; i < 1300; ++i) {
    const auto lane = queue.pop();
    ASSERT_TRUE(lane);
    ++turns[lane->value];
    longest_wait[lane->value] = std::max(longest_wait[lane->value], i - last[lane->value]);
    last[lane->value] = i;
    queue.push(*lane, lanes.at(lane->value));
  }
  EXPECT_EQ(turns, (std::map<std::int64_t, int>{{1, 100}, {2, 400}, {3, 800}}));
  EXPECT_LE(longest_wait[1], 13);
}

TEST(RunQueue, GivesOnePriorityEveryTurnInTheOrderOfArrival) {
  RunQueue queue;
  for (std::int64_t key = 1; key <= 3; ++key) queue.push({key}, Priority::low);
  queue.push({2}, Priority::low);  // waits already
  EXPECT_EQ(queue.size(), 3u);
  for (std::int64_t key = 1; key <= 3; ++key) EXPECT_EQ(queue.pop(), SubscriptionKey{key});
  EXPECT_FALSE(queue.pop());
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace posthorn::outbound
