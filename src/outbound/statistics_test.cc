#include "outbound/statistics.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/manual_loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

using domain::Counters;

class CountedHours : public testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    options.threads = store::sqlite::SqliteOptions::Threads::caller;
    auto opened = store::sqlite::open_sqlite(options, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    session_ = store_->open_session(loop_);
    statistics_ = std::make_unique<Statistics>(loop_, *session_, clock_);
  }
  void TearDown() override {
    statistics_.reset();
    session_.reset();
    store_->stop();
  }
  Counters read(SubscriptionKey subscription, std::string topic, std::int64_t hours_ago = 0) {
    Counters sum;
    const std::int64_t hour = domain::hour_of(clock_.schedule_now()) - hours_ago;
    session_->read_statistics({tenant_, subscription, std::move(topic), hour, hour + 1}, [&](auto hours) {
      for (const auto& one : *hours) sum.add(one.counters);
    });
    loop_.run_ready();
    return sum;
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  TenantKey tenant_{77};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<Statistics> statistics_;
};

TEST_F(CountedHours, AreWrittenOnceASecondIntoEverySeries) {
  for (int i = 0; i < 10; ++i) statistics_->accepted(tenant_, i < 7 ? "a" : "b");
  statistics_->delivered(tenant_, {1}, "a", clock_.schedule_now() - 3s);
  statistics_->delivered(tenant_, {2}, "a", clock_.schedule_now());
  statistics_->attempted(tenant_, {1}, "b", domain::FailureKind::timeout);
  statistics_->exhausted(tenant_, {1}, "b");
  loop_.advance(kStatisticsFlushTime - 1ms);
  EXPECT_TRUE(read({}, "").empty());
  loop_.advance(1ms);
  EXPECT_EQ(read({}, "").of(Counters::accepted), 10u);
  EXPECT_EQ(read({}, "").of(Counters::delivered), 2u);
  EXPECT_EQ(read({}, "").of(Counters::attempts), 1u);
  EXPECT_EQ(read({}, "a").of(Counters::accepted), 7u);
  EXPECT_EQ(read({}, "b").of(Counters::accepted), 3u);
  EXPECT_EQ(read({1}, "").of(Counters::delivered), 1u);
  EXPECT_EQ(read({1}, "").failures(domain::FailureKind::timeout), 1u);
  EXPECT_EQ(read({1}, "").of(Counters::accepted), 0u);
  EXPECT_EQ(read({1}, "b").of(Counters::exhausted), 1u);
  EXPECT_EQ(read({2}, "b"), Counters());
  EXPECT_NEAR(*read({1}, "a").latency_ms(1.0), 5000, 1e-9);

  statistics_->accepted(tenant_, "a");
  loop_.advance(1s);
  EXPECT_EQ(read({}, "a").of(Counters::accepted), 8u) << "added to what is there";
}

TEST_F(CountedHours, GoToTheHourInWhichTheyHappened) {
  clock_.advance(1h - std::chrono::nanoseconds(clock_.schedule_now().time_since_epoch() % 1h));
  statistics_->accepted(tenant_, "a");
  clock_.advance(1h);
  statistics_->accepted(tenant_, "a");
  loop_.advance(1s);
  EXPECT_EQ(read({}, "a").of(Counters::accepted), 1u);
  EXPECT_EQ(read({}, "a", 1).of(Counters::accepted), 1u);
}

TEST_F(CountedHours, AreWrittenWhenTheirLoopStops) {
  for (int i = 0; i < 2000; ++i) statistics_->accepted(tenant_, "topic" + std::to_string(i));
  bool stopped = false;
  statistics_->stop([&] { stopped = true; });
  loop_.run_ready();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(read({}, "").of(Counters::accepted), 2000u);
  EXPECT_EQ(read({}, "topic1999").of(Counters::accepted), 1u);
  statistics_->accepted(tenant_, "late");
  loop_.advance(10s);
  EXPECT_EQ(read({}, "late"), Counters());
}

TEST_F(CountedHours, StopAtOnceWhenThereIsNothingToWrite) {
  bool stopped = false;
  statistics_->stop([&] { stopped = true; });
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace posthorn::outbound
