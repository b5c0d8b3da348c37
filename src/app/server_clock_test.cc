#include "app/server_clock.h"

#include <gtest/gtest.h>

namespace posthorn::app {
namespace {

using namespace std::chrono_literals;

TEST(ServerClock, IsTheMachinesWhenTheStoreHasSeenNothingLater) {
  ManualClock machine;
  for (const Timestamp seen : {Timestamp(), machine.schedule_now() - 1h, machine.schedule_now()}) {
    ServerClock clock(machine);
    EXPECT_EQ(clock.go_on_from(seen), 0ms);
    EXPECT_EQ(clock.schedule_now(), machine.schedule_now());
  }
}

TEST(ServerClock, GoesOnFromWhatTheStoreHasSeenWhenTheMachinesClockIsBehind) {
  ManualClock machine;
  ServerClock clock(machine);
  const Timestamp seen = machine.schedule_now() + 24h;
  EXPECT_EQ(clock.go_on_from(seen), 24h);
  EXPECT_EQ(clock.schedule_now(), seen);
  EXPECT_EQ(clock.wall_now(), machine.wall_now()) << "what people read and what signs is the machine's";
  machine.advance(3s);
  EXPECT_EQ(clock.schedule_now(), seen + 3s);
  EXPECT_EQ(clock.steady_now(), machine.steady_now());
}

TEST(ServerClock, DoesNotFollowALaterCorrectionOfTheWallClock) {
  ManualClock machine;
  ServerClock clock(machine);
  const Timestamp seen = machine.schedule_now() + 24h;
  clock.go_on_from(seen);
  machine.jump_wall(24h);
  machine.advance(3s);
  EXPECT_EQ(clock.schedule_now(), seen + 3s);
}

}  // namespace
}  // namespace posthorn::app
