// Publishing beside other work of the same loop. (What it answers is tested in api/native/publish_test.cc.)
#include "outbound/publisher.h"

#include <gtest/gtest.h>

#include <functional>

#include "net/loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

// Everything takes long: each reading is as much later as a batch may keep its loop.
class SlowClock final : public Clock {
 public:
  Timestamp wall_now() const override { return manual_.wall_now(); }
  Timestamp schedule_now() const override { return manual_.schedule_now(); }
  SteadyTime steady_now() const override { return SteadyTime{} + ++readings_ * kBatchTurnTime; }

 private:
  ManualClock manual_;
  mutable int readings_ = 0;
};

TEST(PublishingABatch, LetsOthersHaveTheLoopInBetween) {
  constexpr std::size_t kEvents = 200;
  SlowClock clock;
  net::Loop loop("publish-test");
  IdSource ids(clock, 1);
  crypto::Sealer sealer({{1, std::string(32, 'k')}});
  Catalogue catalogue(clock, ids, sealer);
  RunnableGate gate;
  OrderHorizon horizon;
  FanoutRoom room;
  observe::Metrics metrics;
  store::sqlite::SqliteOptions options;
  options.place = store::sqlite::SqliteOptions::Place::memory;
  options.threads = store::sqlite::SqliteOptions::Threads::caller;
  auto store = std::move(store::sqlite::open_sqlite(options, clock)).value();
  domain::Tenant tenant;
  tenant.key = {ids.next_key()};
  tenant.name = "t";
  tenant.webhooks_enabled = true;
  store::Catalogue rows;
  domain::Topic topic;
  topic.key = {ids.next_key()};
  topic.tenant = tenant.key;
  topic.name = "a.b";
  rows.topics.push_back(topic);
  ASSERT_TRUE(catalogue.fill(std::move(rows)));

  std::unique_ptr<store::Session> session;
  std::unique_ptr<Publisher> publisher;
  std::size_t turns_of_others = 0;
  bool done = false;
  std::function<void()> other = [&] {
    if (done) return;
    ++turns_of_others;
    loop.post([&] { other(); });
  };
  loop.start();
  net::run_on(loop, [&]() -> net::Task<> {
    session = store->open_session(loop);
    publisher = std::make_unique<Publisher>(loop, *session, catalogue, clock, ids, gate, horizon, room, metrics,
                                            PublishLimits(), [](const AcceptedWork&) {});
    std::vector<PublishRequest> requests(kEvents);
    for (auto& request : requests) {
      request.topic = "a.b";
      request.data = "1";
    }
    other();
    const auto published = co_await publisher->publish_batch(tenant, std::move(requests));
    done = true;
    EXPECT_TRUE(published);
    EXPECT_EQ(published->size(), kEvents);
    publisher.reset();
    session.reset();
  });
  EXPECT_GE(turns_of_others, 2 * kEvents) << "while it prepares, and while it hands over";
  loop.stop();
  store->stop();
}

}  // namespace
}  // namespace posthorn::outbound
