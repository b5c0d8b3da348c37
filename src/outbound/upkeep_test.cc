#include "outbound/upkeep.h"

#include <gtest/gtest.h>

#include "base/manual_loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

TEST(ExpiryPace, FollowsWhatTheStoreHasToDo) {
  const struct {
    const char* what;
    std::uint32_t rows;
    Milliseconds took;
    std::uint64_t waiting;
    ExpiryPace next;
  } table[] = {
      {"quick and alone: twice as many, at once", 500, 2ms, 0, {1000, 0ms}},
      {"quick, but others wait: a pause", 500, 2ms, 1, {1000, kExpiryStepPause}},
      {"in between: as many", 1000, 15ms, 0, {1000, 0ms}},
      {"long: half as many", 4000, 40ms, 0, {2000, 0ms}},
      {"long and others wait", 4000, 40ms, 9, {2000, kExpiryStepPause}},
      {"never fewer than the least", 600, 1s, 9, {kExpiryStepMin, kExpiryStepPause}},
      {"never more than the most", kExpiryStepMax, 1ms, 0, {kExpiryStepMax, 0ms}},
  };
  for (const auto& row : table) EXPECT_EQ(next_pace({row.rows, 0ms}, row.took, row.waiting), row.next) << row.what;
}

class Expiring : public testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    options.threads = store::sqlite::SqliteOptions::Threads::caller;
    store_ = std::move(store::sqlite::open_sqlite(options, clock_)).value();
    session_ = store_->open_session(loop_);
    upkeep_ = std::make_unique<Upkeep>(loop_, *session_, clock_, "node", RetentionPeriods{});
    for (int i = 0; i < kEvents; ++i) accept();
    loop_.run_ready();
  }
  void TearDown() override {
    upkeep_->stop();
    upkeep_.reset();
    session_.reset();
    store_->stop();
  }

  void accept() {
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = tenant_;
    event->topic = "a.b";
    event->accepted_at = clock_.schedule_now();
    store::AcceptEvents accept;
    accept.events.push_back({.event = event, .deliveries = {}, .idempotency = {}});
    session_->accept_events(std::move(accept), [](auto accepted) { ASSERT_TRUE(accepted && accepted->front()); });
  }
  std::size_t events_left() {
    std::size_t found = 0;
    store::ListEvents query;
    query.tenant = tenant_;
    query.page.limit = 2 * kEvents;
    session_->list_events(query, [&](auto page) { found = page->items.size(); });
    loop_.run_ready();
    return found;
  }
  // From after the periods until `time` has passed since the first step.
  std::size_t left_after(Milliseconds time) {
    upkeep_->start([](auto leases) { ASSERT_TRUE(leases); });
    loop_.run_ready();
    clock_.advance(std::chrono::hours(24 * 100));
    loop_.run_ready();
    for (Milliseconds passed{0}; passed < time; passed += 10ms) {
      clock_.advance(10ms);
      loop_.run_ready();
    }
    return events_left();
  }

  static constexpr int kEvents = 5000;
  ManualClock clock_;
  ManualLoop loop_{clock_};
  IdSource ids_{clock_, 1};
  const TenantKey tenant_{ids_.next_key()};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<Upkeep> upkeep_;
};

TEST_F(Expiring, GoesOnAtOnceWhileTheStoreHasNothingElseToDo) {
  upkeep_->set_waiting([] { return 0; });
  EXPECT_EQ(left_after(100ms), 0U);
  EXPECT_FALSE(upkeep_->behind_since());
}

TEST_F(Expiring, PausesWhileOthersWaitForTheStore) {
  upkeep_->set_waiting([] { return 1; });
  EXPECT_GT(left_after(100ms), 0U);
  ASSERT_TRUE(upkeep_->behind_since());
  EXPECT_GE(clock_.schedule_now() - *upkeep_->behind_since(), 90ms);
  for (int i = 0; i < 1000 && events_left() > 0; ++i) {
    clock_.advance(kExpiryStepPause);
    loop_.run_ready();
  }
  EXPECT_EQ(events_left(), 0U);
  clock_.advance(kExpiryStepPause);
  loop_.run_ready();
  EXPECT_FALSE(upkeep_->behind_since());
}

}  // namespace
}  // namespace posthorn::outbound
