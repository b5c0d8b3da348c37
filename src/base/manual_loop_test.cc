#include "base/manual_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthorn {
namespace {

using namespace std::chrono_literals;

class ManualLoopTest : public testing::Test {
 protected:
  UniqueFunction<void()> note(std::string text) {
    return [this, text = std::move(text)] { seen_.push_back(text); };
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  std::vector<std::string> seen_;
  using Seen = std::vector<std::string>;
};

TEST_F(ManualLoopTest, RunsNothingUntilTold) {
  loop_.post(note("a"));
  EXPECT_FALSE(loop_.idle());
  EXPECT_EQ(seen_, Seen{});
  loop_.run_ready();
  EXPECT_EQ(seen_, Seen{"a"});
  EXPECT_TRUE(loop_.idle());
}

TEST_F(ManualLoopTest, RunsPostedWorkInOrderIncludingWhatItPosts) {
  loop_.post([this] {
    seen_.push_back("a");
    loop_.post(note("c"));
  });
  loop_.post(note("b"));
  loop_.run_ready();
  EXPECT_EQ(seen_, (Seen{"a", "b", "c"}));
}

TEST_F(ManualLoopTest, FiresAlarmsInTheOrderOfTheirTimes) {
  const auto late = loop_.make_alarm(note("late"));
  const auto early = loop_.make_alarm(note("early"));
  late->set(clock_.steady_now() + 20ms);
  early->set(clock_.steady_now() + 10ms);
  loop_.advance(9ms);
  EXPECT_EQ(seen_, Seen{});
  loop_.advance(1ms);
  EXPECT_EQ(seen_, Seen{"early"});
  loop_.advance(1h);
  EXPECT_EQ(seen_, (Seen{"early", "late"}));
  EXPECT_EQ(loop_.alarms_set(), 0U);
}

TEST_F(ManualLoopTest, StopsTheClockAtEachAlarm) {
  const SteadyTime start = clock_.steady_now();
  std::vector<std::chrono::nanoseconds> times;
  std::unique_ptr<Alarm> alarm;
  alarm = loop_.make_alarm([&] {
    times.push_back(clock_.steady_now() - start);
    if (times.size() < 3) alarm->set(clock_.steady_now() + 10ms);
  });
  alarm->set(start + 10ms);
  loop_.advance(100ms);
  EXPECT_EQ(times, (std::vector<std::chrono::nanoseconds>{10ms, 20ms, 30ms}));
  EXPECT_EQ(clock_.steady_now() - start, 100ms);
}

TEST_F(ManualLoopTest, SettingAgainReplacesTheTime) {
  const auto alarm = loop_.make_alarm(note("fired"));
  alarm->set(clock_.steady_now() + 10ms);
  alarm->set(clock_.steady_now() + 30ms);
  EXPECT_EQ(loop_.alarms_set(), 1U);
  loop_.advance(20ms);
  EXPECT_EQ(seen_, Seen{});
  loop_.advance(10ms);
  EXPECT_EQ(seen_, Seen{"fired"});
}

TEST_F(ManualLoopTest, ClearedAndDestroyedAlarmsDoNotFire) {
  const auto cleared = loop_.make_alarm(note("cleared"));
  auto destroyed = loop_.make_alarm(note("destroyed"));
  const auto control = loop_.make_alarm(note("control"));
  for (const auto* alarm : {cleared.get(), destroyed.get(), control.get()}) {
    const_cast<Alarm*>(alarm)->set(clock_.steady_now() + 1ms);
  }
  cleared->clear();
  destroyed.reset();
  loop_.advance(1s);
  EXPECT_EQ(seen_, Seen{"control"});
}

TEST_F(ManualLoopTest, FiresDueAlarmsInRunReadyAfterThePostedWork) {
  const auto alarm = loop_.make_alarm(note("alarm"));
  alarm->set(clock_.steady_now());
  loop_.post(note("work"));
  loop_.run_ready();
  EXPECT_EQ(seen_, (Seen{"work", "alarm"}));
}

TEST_F(ManualLoopTest, RunsWhatAnAlarmPostsAtThatInstant) {
  const SteadyTime start = clock_.steady_now();
  std::chrono::nanoseconds ran_at{};
  const auto alarm = loop_.make_alarm([&] { loop_.post([&] { ran_at = clock_.steady_now() - start; }); });
  alarm->set(start + 5ms);
  loop_.advance(50ms);
  EXPECT_EQ(ran_at, 5ms);
}

}  // namespace
}  // namespace posthorn
