// Fan-outs on a manual clock and loop and a real SQLite store in memory.
#include "outbound/fanout.h"

#include <gtest/gtest.h>

#include <set>

#include "base/manual_loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

class FanningOut : public testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    options.threads = store::sqlite::SqliteOptions::Threads::caller;
    store_ = std::move(store::sqlite::open_sqlite(options, clock_)).value();
    session_ = store_->open_session(loop_);
  }
  void TearDown() override {
    fanout_.reset();
    session_.reset();
    store_->stop();
  }

  SubscriptionKey subscribe(bool matches = true) {
    domain::Subscription subscription;
    subscription.id = ids_.next<SubscriptionId>();
    subscription.tenant = tenant_;
    subscription.settings.topics = {matches ? "a.b" : "other"};
    rows_.subscriptions.push_back(subscription);
    return subscription.id.key;
  }
  domain::SubscriptionSettings& settings(SubscriptionKey key) {
    for (auto& one : rows_.subscriptions) {
      if (one.id.key == key) return one.settings;
    }
    throw std::logic_error("no such subscription");
  }

  // Accepted with nothing but its fan-out.
  AcceptedWork accept(const std::vector<SubscriptionKey>& rest, bool keep = true) {
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = tenant_;
    event->topic = "a.b";
    event->accepted_at = clock_.schedule_now();
    event->payload = "1";
    AcceptedWork work;
    work.event = event;
    work.rest = std::make_shared<const std::vector<SubscriptionKey>>(rest);
    store::NewEvent write;
    write.event = event;
    write.matched = static_cast<std::uint32_t>(rest.size());
    if (keep) write.rest = work.rest;
    store::AcceptEvents accept;
    accept.events.push_back(std::move(write));
    session_->accept_events(std::move(accept), [](auto accepted) { ASSERT_TRUE(accepted && accepted->front()); });
    loop_.run_ready();
    return work;
  }

  // What a restart does.
  void start() {
    catalogue_ = std::make_unique<Catalogue>(clock_, ids_, sealer_);
    ASSERT_TRUE(catalogue_->fill(rows_));
    fanout_ = std::make_unique<Fanout>(loop_, *session_, *catalogue_, ids_, clock_, shared_,
                                       [this](const std::vector<Work>& work, const OrderHorizon::PassagePtr&) {
                                         for (const auto& one : work) made_.emplace(one.event->id.key, one.subscription);
                                       });
    bool started = false;
    fanout_->start([&](Status status) { started = status.has_value(); });
    loop_.run_ready();
    ASSERT_TRUE(started);
  }
  std::set<SubscriptionKey> made(const AcceptedWork& of) const {
    std::set<SubscriptionKey> found;
    for (const auto& [event, subscription] : made_) {
      if (event == of.event->id.key) found.insert(subscription);
    }
    return found;
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  IdSource ids_{clock_, 1};
  const TenantKey tenant_{ids_.next_key()};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  LaneShared shared_;
  store::Catalogue rows_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Fanout> fanout_;
  std::multiset<std::pair<EventKey, SubscriptionKey>> made_;
};

TEST_F(FanningOut, ARestartMakesWhatWasDecidedWhateverHasChangedSince) {
  const auto stays = subscribe();
  const auto disabled = subscribe();
  const auto edited = subscribe();
  const auto begins = subscribe(false);
  const auto work = accept({stays, disabled, edited});
  const auto shared = accept({stays, disabled, edited});
  settings(disabled).enabled = false;
  settings(edited).topics = {"other"};
  settings(begins).topics = {"a.b"};
  start();
  EXPECT_EQ(made(work), (std::set{stays, disabled, edited}));
  EXPECT_EQ(made(shared), (std::set{stays, disabled, edited}));
  EXPECT_EQ(made_.size(), 6U);
  EXPECT_EQ(fanout_->unfinished(), 0U);
  EXPECT_EQ(shared_.fanout_room.taken(), 0U);
}

TEST_F(FanningOut, ARestartGoesOnBehindTheLastThatWasMade) {
  const auto first = subscribe();
  const auto second = subscribe();
  const auto third = subscribe();
  const auto work = accept({first, second, third});
  session_->advance_fanout({work.event->id.key, tenant_, {{ids_.next<DeliveryId>(), {second}}}, false},
                           [](Status advanced) { ASSERT_TRUE(advanced); });
  loop_.run_ready();
  start();
  EXPECT_EQ(made(work), (std::set{third}));
}

TEST_F(FanningOut, AnEventOfAnOlderVersionIsMatchedAgain) {
  const auto stays = subscribe();
  const auto edited = subscribe();
  const auto work = accept({stays, edited}, false);
  settings(edited).topics = {"other"};
  subscribe();  // younger than the event
  start();
  EXPECT_EQ(made(work), (std::set{stays}));
}

TEST_F(FanningOut, AnEventThatTheStoreRefusesStopsNoOther) {
  const auto one = subscribe();
  const auto other = subscribe();
  start();
  auto refused = accept({one, other});
  auto next = accept({one, other});
  // As if somebody else had gone on with it: a conflict.
  session_->advance_fanout({refused.event->id.key, tenant_, {{ids_.next<DeliveryId>(), {other}}}, false},
                           [](Status advanced) { ASSERT_TRUE(advanced); });
  fanout_->add(refused);
  fanout_->add(next);
  loop_.run_ready();
  EXPECT_EQ(made(refused), std::set<SubscriptionKey>{});
  EXPECT_EQ(made(next), (std::set{one, other}));
  EXPECT_EQ(fanout_->unfinished(), 0U);
  std::size_t kept = 0;
  session_->unfinished_fanouts([&](auto found) { kept = found->size(); });
  loop_.run_ready();
  EXPECT_EQ(kept, 1U) << "the next start takes it up again";
}

TEST_F(FanningOut, WhatIsLeftUnfinishedTakesRoomAgainAtTheStartOnceForAllThatShareIt) {
  shared_.gate.add(kRunnableMax);  // nothing is made
  std::vector<SubscriptionKey> all;
  for (int i = 0; i < 100; ++i) all.push_back(subscribe());
  const auto rest = std::make_shared<const std::vector<SubscriptionKey>>(all);
  store::AcceptEvents write;
  for (int i = 0; i < 10; ++i) {
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = tenant_;
    event->topic = "a.b";
    event->payload = "1";
    store::NewEvent one;
    one.event = event;
    one.matched = 100;
    one.rest = rest;
    write.events.push_back(one);
  }
  const auto event = write.events[0].event;
  session_->accept_events(std::move(write), [](auto accepted) { ASSERT_TRUE(accepted); });
  loop_.run_ready();
  start();
  EXPECT_EQ(fanout_->unfinished(), 10U);
  EXPECT_EQ(shared_.fanout_room.taken(), 10 * fanout_bytes(*event) + fanout_bytes(*rest));
  fanout_.reset();
  EXPECT_EQ(shared_.fanout_room.taken(), 0U);
  shared_.gate.add(-static_cast<std::ptrdiff_t>(kRunnableMax));
}

TEST(FanoutRoom, RefusesWhatPassesItsBound) {
  FanoutRoom room;
  auto most = room.take(kFanoutBytesMax);
  EXPECT_TRUE(most);
  EXPECT_FALSE(room.take(1));
  EXPECT_EQ(room.taken(), kFanoutBytesMax) << "what was refused takes nothing";
  EXPECT_TRUE(room.take_anyway(1)) << "what is durable already";
  auto rest = keep_place(std::make_shared<const std::vector<SubscriptionKey>>(3), std::move(most));
  EXPECT_EQ(rest->size(), 3U);
  auto same = rest;
  rest.reset();
  EXPECT_FALSE(room.take(1));
  same.reset();
  EXPECT_TRUE(room.take(1));
}

}  // namespace
}  // namespace posthorn::outbound
