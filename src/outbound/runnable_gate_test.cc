#include "outbound/runnable_gate.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/manual_loop.h"

namespace posthorn::outbound {
namespace {

constexpr auto kMax = static_cast<std::ptrdiff_t>(kRunnableMax);
constexpr auto kResume = static_cast<std::ptrdiff_t>(kRunnableResume);

TEST(RunnableGate, ClosesAtItsBoundAndOpensWellBelowIt) {
  RunnableGate gate;
  gate.add(kMax - 1);
  EXPECT_FALSE(gate.closed());
  gate.add(1);
  EXPECT_TRUE(gate.closed());
  gate.add(-1);
  EXPECT_TRUE(gate.closed());
  gate.add(kResume - (kMax - 1));
  EXPECT_FALSE(gate.closed());
}

TEST(RunnableGate, WakesWaitersOnTheirLoopWhenItOpens) {
  ManualClock clock;
  ManualLoop loop(clock);
  RunnableGate gate;
  int woken = 0;
  gate.when_open(loop, [&] { ++woken; });
  EXPECT_EQ(woken, 1) << "open: at once";
  gate.add(kMax);
  gate.when_open(loop, [&] { ++woken; });
  loop.run_ready();
  EXPECT_EQ(woken, 1);
  gate.add(-kMax);
  EXPECT_EQ(woken, 1) << "on its loop, not inside add()";
  loop.run_ready();
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace posthorn::outbound
