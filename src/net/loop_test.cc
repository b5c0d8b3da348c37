#include "net/loop.h"

#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>
#include <future>
#include <latch>
#include <stdexcept>
#include <vector>

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kGenerous = 60s;

SteadyTime in(std::chrono::nanoseconds delay) { return std::chrono::steady_clock::now() + delay; }

struct LoopTest : testing::Test {
  Loop loop{"test"};
  void SetUp() override { loop.start(); }
};

Task<void> count_to(int& counter, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    counter += co_await until<int>([](auto done) { done(1); });
  }
}

Task<void> sleep_for_ever(Loop& loop) { co_await sleep_until(loop, in(24h)); }

Task<void> throw_something() {
  throw std::runtime_error("thrown by the test");
  co_return;
}

TEST_F(LoopTest, RunsPostedWorkInOrderOnItsThread) {
  std::vector<int> order;
  std::promise<bool> on_thread;
  for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
  loop.post([&] { on_thread.set_value(loop.on_loop_thread()); });
  auto future = on_thread.get_future();
  ASSERT_EQ(future.wait_for(kGenerous), std::future_status::ready);
  EXPECT_TRUE(future.get());
  EXPECT_FALSE(loop.on_loop_thread());
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(LoopTest, StopRunsWhatWasPostedBefore) {
  int ran = 0;
  for (int i = 0; i < 1000; ++i) loop.post([&ran] { ++ran; });
  loop.stop();
  EXPECT_EQ(ran, 1000);
  loop.stop();
}

TEST(Loop, StopsWithoutStartAndStartsAgainAfterStop) {
  Loop loop("test");
  loop.stop();
  for (int round = 0; round < 3; ++round) {
    loop.start();
    loop.start();
    int ran = 0;
    run_on(loop, [&ran]() { return count_to(ran, 1); });
    EXPECT_EQ(ran, 1);
    loop.stop();
  }
}

TEST(Loop, MayBeStoppedFromItsOwnThread) {
  Loop loop("test");
  loop.start();
  std::promise<void> stopped;
  auto done = stopped.get_future();
  loop.post([&] {
    loop.stop();
    stopped.set_value();
  });
  EXPECT_EQ(done.wait_for(kGenerous), std::future_status::ready);
}

TEST_F(LoopTest, GoesOnAfterPostedWorkThrows) {
  loop.post([] { throw std::runtime_error("thrown by the test"); });
  int ran = 0;
  run_on(loop, [&ran]() { return count_to(ran, 1); });
  EXPECT_EQ(ran, 1);
}

TEST_F(LoopTest, AnswersThatComeAtOnceDoNotDeepenTheStack) {
  int counter = 0;
  run_on(loop, [&counter]() { return count_to(counter, 200'000); });
  EXPECT_EQ(counter, 200'000);
}

TEST_F(LoopTest, RunOnHandsTheExceptionToItsCaller) {
  EXPECT_THROW(run_on(loop, [] { return throw_something(); }), std::runtime_error);
}

TEST_F(LoopTest, SamplesItsLag) {
  // The loop itself looks after it was held: nobody samples in between.
  std::chrono::nanoseconds seen{0};
  run_on(loop, [&]() -> Task<void> {
    const auto hold_until = in(300ms);
    while (std::chrono::steady_clock::now() < hold_until) std::this_thread::yield();
    const auto deadline = in(kGenerous);
    while (seen < 150ms && std::chrono::steady_clock::now() < deadline) {
      seen = std::max(seen, loop.lag());
      co_await sleep_until(loop, std::chrono::steady_clock::now());
    }
  });
  EXPECT_GE(seen, 150ms);
}

// --- alarms --------------------------------------------------------------------------------------------------------

TEST_F(LoopTest, AlarmsFireAtTheirLastSetTime) {
  const auto start = in(0ms);
  SteadyTime fired_later{};
  int later_fired = 0;
  std::latch all(2);
  std::unique_ptr<Alarm> later;
  std::unique_ptr<Alarm> earlier;
  loop.post([&] {
    later = loop.make_alarm([&] {
      ++later_fired;
      fired_later = in(0ms);
      all.count_down();
    });
    earlier = loop.make_alarm([&] { all.count_down(); });
    later->set(start + 5ms);
    later->set(start + 40ms);
    earlier->set(start + 24h);
    earlier->set(start + 20ms);
  });
  all.wait();
  run_on(loop, [&]() -> Task<void> {
    later.reset();
    earlier.reset();
    co_return;
  });
  EXPECT_GE(fired_later, start + 40ms);
  EXPECT_EQ(later_fired, 1);
}

TEST_F(LoopTest, AnAlarmMaySetAnother) {
  std::vector<char> order;
  std::promise<void> last;
  std::unique_ptr<Alarm> a;
  std::unique_ptr<Alarm> b;
  std::unique_ptr<Alarm> c;
  loop.post([&] {
    a = loop.make_alarm([&] {
      order.push_back('a');
      b->set(in(1ms));
    });
    b = loop.make_alarm([&] {
      order.push_back('b');
      c->set(in(0ms));
    });
    c = loop.make_alarm([&] {
      order.push_back('c');
      last.set_value();
    });
    a->set(in(1ms));
  });
  auto future = last.get_future();
  ASSERT_EQ(future.wait_for(kGenerous), std::future_status::ready);
  run_on(loop, [&]() -> Task<void> {
    a.reset();
    b.reset();
    c.reset();
    co_return;
  });
  EXPECT_EQ(order, (std::vector<char>{'a', 'b', 'c'}));
}

TEST_F(LoopTest, ClearedAndDestroyedAlarmsDoNotFire) {
  int fired = 0;
  std::promise<void> control;
  std::unique_ptr<Alarm> cleared;
  std::unique_ptr<Alarm> destroyed;
  std::unique_ptr<Alarm> positive;
  loop.post([&] {
    const auto soon = in(10ms);
    cleared = loop.make_alarm([&] { ++fired; });
    destroyed = loop.make_alarm([&] { ++fired; });
    positive = loop.make_alarm([&] { control.set_value(); });
    cleared->set(soon);
    destroyed->set(soon);
    positive->set(soon + 20ms);
    cleared->clear();
    destroyed.reset();
  });
  auto future = control.get_future();
  ASSERT_EQ(future.wait_for(kGenerous), std::future_status::ready);
  EXPECT_EQ(fired, 0);
  run_on(loop, [&]() -> Task<void> {
    cleared.reset();
    positive.reset();
    co_return;
  });
}

TEST_F(LoopTest, AnAlarmMayBeDestroyedByItsOwnCallback) {
  std::promise<void> fired;
  std::unique_ptr<Alarm> alarm;
  loop.post([&] {
    alarm = loop.make_alarm([&] {
      alarm.reset();
      fired.set_value();
    });
    alarm->set(in(1ms));
  });
  auto future = fired.get_future();
  EXPECT_EQ(future.wait_for(kGenerous), std::future_status::ready);
}

// --- scopes --------------------------------------------------------------------------------------------------------

TEST_F(LoopTest, JoinCancelsWhatRunsAndWaitsForIt) {
  Scope scope(loop);
  run_on(loop, [&]() -> Task<void> {
    for (int i = 0; i < 10; ++i) scope.spawn(sleep_for_ever(loop));
    EXPECT_EQ(scope.running(), 10U);
    co_await scope.join();
    EXPECT_EQ(scope.running(), 0U);
  });
}

TEST_F(LoopTest, NothingStartsAfterClose) {
  Scope scope(loop);
  int counter = 0;
  run_on(loop, [&]() -> Task<void> {
    scope.close();
    scope.spawn(count_to(counter, 1));
    EXPECT_EQ(scope.running(), 0U);
    co_await scope.join();
  });
  EXPECT_EQ(counter, 0);
}

TEST_F(LoopTest, ATaskThatThrowsCountsAsEnded) {
  Scope scope(loop);
  int counter = 0;
  run_on(loop, [&]() -> Task<void> {
    scope.spawn(throw_something());
    scope.spawn(count_to(counter, 3));
    while (scope.running() > 0) co_await sleep_until(loop, in(1ms));
    co_await scope.join();
  });
  EXPECT_EQ(counter, 3);
}

TEST_F(LoopTest, ATaskWhoseCallbackIsDroppedCountsAsEnded) {
  Scope scope(loop);
  UniqueFunction<void(int)> kept;
  const auto wait = [](UniqueFunction<void(int)>& keep) -> Task<void> {
    (void)co_await until<int>([&keep](auto done) { keep = std::move(done); });
  };
  run_on(loop, [&]() -> Task<void> {
    scope.spawn(wait(kept));
    while (!kept) co_await sleep_until(loop, in(1ms));
    kept = nullptr;
    co_await scope.join();
    EXPECT_EQ(scope.running(), 0U);
  });
}

TEST_F(LoopTest, ACloseThatComesWhileAnAnswerIsAwaitedWaitsForTheAnswer) {
  Scope scope(loop);
  UniqueFunction<void(int)> kept;
  int got = 0;
  const auto wait = [](UniqueFunction<void(int)>& keep, int& value) -> Task<void> {
    value = co_await until<int>([&keep](auto done) { keep = std::move(done); });
  };
  run_on(loop, [&]() -> Task<void> {
    scope.spawn(wait(kept, got));
    while (!kept) co_await sleep_until(loop, in(1ms));
    scope.close();
    EXPECT_EQ(scope.running(), 1U);
    loop.post([&] { kept(7); });
    co_await scope.join();
  });
  EXPECT_EQ(got, 7);
}

}  // namespace
}  // namespace posthorn::net
