// The engine on a manual clock and loop, a real SQLite store in memory, and a network that the test plays.
#include "outbound/lane_set.h"

#include <gtest/gtest.h>

#include <map>

#include "base/manual_loop.h"
#include "outbound/fanout.h"
#include "outbound/upkeep.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::outbound {
namespace {

using domain::DeliveryState;
using domain::FailureKind;

// Holds every attempt until the test answers it.
class PlayedNetwork final : public Transport {
 public:
  struct Held {
    OutgoingAttempt attempt;
    UniqueFunction<void(AttemptAnswer)> done;
  };

  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override {
    held.push_back({std::move(attempt), std::move(done)});
  }
  void answer(int status) {
    ASSERT_FALSE(held.empty());
    Held first = std::move(held.front());
    held.pop_front();
    AttemptAnswer answer;
    answer.outcome.status = status;
    answer.outcome.failure = status >= 200 && status <= 299 ? FailureKind::none : FailureKind::status;
    first.done(std::move(answer));
  }
  void find_no_socket() {
    ASSERT_FALSE(held.empty());
    Held first = std::move(held.front());
    held.pop_front();
    AttemptAnswer answer;
    answer.outcome.failure = FailureKind::internal;
    answer.not_sent = true;
    first.done(std::move(answer));
  }
  void refuse() {
    ASSERT_FALSE(held.empty());
    Held first = std::move(held.front());
    held.pop_front();
    AttemptAnswer answer;
    answer.outcome.failure = FailureKind::connect;
    first.done(std::move(answer));
  }

  std::deque<Held> held;
};

class Engine : public testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    options.threads = store::sqlite::SqliteOptions::Threads::caller;
    auto opened = store::sqlite::open_sqlite(options, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    session_ = store_->open_session(loop_);
    domain::Tenant tenant;
    tenant.key = tenant_;
    tenant.name = "t";
    tenant.webhooks_enabled = true;
    session_->save_tenant({tenant, 0}, [](Result<store::Saved> saved) { ASSERT_TRUE(saved) << saved.error().message; });
    loop_.run_ready();
  }

  void TearDown() override {
    lanes_.reset();
    upkeep_.reset();
    session_.reset();
    if (store_) store_->stop();
  }

  SubscriptionId subscribe(std::vector<Milliseconds> delays = {5s, 60s}) {
    domain::Subscription subscription;
    subscription.id = ids_.next<SubscriptionId>();
    subscription.tenant = tenant_;
    subscription.settings.url = "https://example.com/hook";
    subscription.settings.topics = {"**"};
    subscription.settings.retry = {std::move(delays), 0.0};
    subscription.settings.retry_preset.clear();
    subscription.sealed_secret = sealer_.seal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", secret_context(subscription.id));
    session_->save_subscription({subscription, 0},
                                [](Result<store::SavedSubscription> saved) { ASSERT_TRUE(saved) << saved.error().message; });
    loop_.run_ready();
    return subscription.id;
  }

  void start() {
    catalogue_ = std::make_unique<Catalogue>(clock_, ids_, sealer_);
    session_->load_catalogue([this](Result<store::Catalogue> rows) { ASSERT_TRUE(catalogue_->fill(std::move(*rows))); });
    loop_.run_ready();
    lanes_ = std::make_unique<LaneSet>(loop_, *session_, *catalogue_, network_, clock_, shared_, metrics_, 1);
    upkeep_ = std::make_unique<Upkeep>(loop_, *session_, clock_, "node", RetentionPeriods{});
    bool started = false;
    upkeep_->start([&](Result<std::vector<store::Lease>> leases) {
      ASSERT_TRUE(leases);
      lanes_->start(std::move(*leases), [&](Status status) { started = status.has_value(); });
    });
    loop_.run_ready();
    ASSERT_TRUE(started);
  }

  // Stops as a killed process does: nothing is drained.
  void kill() {
    network_.held.clear();
    lanes_.reset();
    upkeep_.reset();
    loop_.run_ready();
  }

  std::vector<Work> write_event(const std::vector<SubscriptionId>& subscriptions) {
    auto event = std::make_shared<domain::Event>();
    event->id = ids_.next<EventId>();
    event->tenant = tenant_;
    event->topic = "a.b";
    event->time = clock_.wall_now();
    event->accepted_at = clock_.schedule_now();
    event->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    event->payload = "{\"n\":1}";
    store::NewEvent write;
    write.event = event;
    std::vector<Work> work;
    for (const auto subscription : subscriptions) {
      write.deliveries.push_back({ids_.next<DeliveryId>(), subscription});
      work.push_back({write.deliveries.back().id, subscription.key, event, 0, 0, event->accepted_at});
    }
    write.matched = static_cast<std::uint32_t>(subscriptions.size());
    store::AcceptEvents accept;
    accept.events.push_back(std::move(write));
    session_->accept_events(std::move(accept), [](auto accepted) {
      ASSERT_TRUE(accepted);
      ASSERT_TRUE(accepted->front());
    });
    loop_.run_ready();
    return work;
  }

  void publish(const std::vector<SubscriptionId>& subscriptions, int count = 1) {
    for (int i = 0; i < count; ++i) lanes_->accept(write_event(subscriptions));
    loop_.run_ready();
  }

  std::map<DeliveryState, int> states() {
    std::map<DeliveryState, int> counts;
    store::ListDeliveries query;
    query.tenant = tenant_;
    query.page.limit = 100000;
    session_->list_deliveries(query, [&](Result<store::Page<domain::Delivery>> page) {
      ASSERT_TRUE(page) << page.error().message;
      for (const auto& delivery : page->items) ++counts[delivery.state];
    });
    loop_.run_ready();
    return counts;
  }

  void answer_all(int status) {
    while (!network_.held.empty()) {
      network_.answer(status);
      loop_.run_ready();
    }
  }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  IdSource ids_{clock_, 7};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  observe::Metrics metrics_;
  LaneShared shared_;
  PlayedNetwork network_;
  TenantKey tenant_{ids_.next_key()};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<LaneSet> lanes_;
  std::unique_ptr<Upkeep> upkeep_;
};

TEST_F(Engine, DeliversSignedAndRecordsSuccess) {
  const auto subscription = subscribe();
  start();
  publish({subscription});
  ASSERT_EQ(network_.held.size(), 1u);
  const auto& attempt = network_.held.front().attempt;
  EXPECT_NE(attempt.header_lines.find("webhook-signature: v1,"), std::string::npos);
  EXPECT_NE(attempt.header_lines.find("traceparent: 00-0af7651916cd43dd8448eb211c80319c"), std::string::npos);
  EXPECT_NE(attempt.body->find("\"data\":{\"n\":1}"), std::string::npos);
  EXPECT_NE(attempt.header_lines.find("\r\nposthorn-hops: 1\r\n"), std::string::npos);
  EXPECT_EQ(attempt.deadline, clock_.steady_now() + kAttemptTimeoutDefault);
  network_.answer(204);
  loop_.run_ready();
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, 1}}));
}

TEST_F(Engine, RetriesOnScheduleAndGivesUpAfterIt) {
  const auto subscription = subscribe({5s, 60s});
  start();
  publish({subscription});
  network_.answer(500);
  loop_.advance(4900ms);
  EXPECT_TRUE(network_.held.empty());
  loop_.advance(100ms);
  ASSERT_EQ(network_.held.size(), 1u);
  network_.answer(302);
  loop_.advance(60s);
  ASSERT_EQ(network_.held.size(), 1u);
  network_.answer(404);
  loop_.advance(1h);
  EXPECT_TRUE(network_.held.empty());
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::exhausted, 1}}));
}

TEST_F(Engine, RepeatsAFirstAttemptThatCouldNotConnectAtOnceAndOutsideTheSchedule) {
  const auto subscription = subscribe({5s, 60s});
  start();
  publish({subscription});
  network_.refuse();
  loop_.run_ready();
  ASSERT_EQ(network_.held.size(), 1u) << "at once";
  network_.refuse();
  loop_.run_ready();
  kill();
  start();
  loop_.advance(4900ms);
  EXPECT_TRUE(network_.held.empty()) << "once, and the store knows";
  loop_.advance(100ms);
  ASSERT_EQ(network_.held.size(), 1u);
  network_.refuse();
  loop_.advance(60s);
  ASSERT_EQ(network_.held.size(), 1u) << "the whole schedule follows";
  network_.refuse();
  loop_.advance(1h);
  EXPECT_TRUE(network_.held.empty());
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::exhausted, 1}}));
}

// Not one retry is used up by what this machine lacks, and the endpoint stays well.
TEST_F(Engine, AShortageOfSocketsIsNoAttempt) {
  const auto subscription = subscribe({});
  start();
  publish({subscription}, 10);
  int tries = 0;
  for (int second = 0; second < 60; ++second) {
    while (!network_.held.empty()) {
      network_.find_no_socket();
      ++tries;
      loop_.run_ready();
    }
    EXPECT_EQ(shared_.gate.runnable(), 0) << "what cannot run holds no publisher";
    loop_.advance(1s);
  }
  EXPECT_GE(tries, 60);
  EXPECT_LE(tries, 60 * static_cast<int>(kLaneConcurrencyFirst)) << "a few a second";
  EXPECT_EQ(lanes_->failing(), 0u);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::pending, 10}}));
  for (int second = 0; second < 5; ++second) {
    answer_all(200);
    loop_.advance(1s);
  }
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, 10}}));
}

TEST_F(Engine, SendsAgainWithTheSameIdWhatWasOutWhenItWasKilled) {
  const auto subscription = subscribe();
  start();
  publish({subscription}, 3);
  ASSERT_EQ(network_.held.size(), 3u);
  std::vector<std::string> before;
  for (const auto& held : network_.held) before.push_back(held.attempt.header_lines);
  kill();
  start();
  std::vector<std::string> after;
  for (const auto& held : network_.held) after.push_back(held.attempt.header_lines);
  EXPECT_EQ(after, before);
  answer_all(200);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, 3}}));
}

TEST_F(Engine, KeepsDueTimesOverARestart) {
  const auto subscription = subscribe({60s});
  start();
  publish({subscription});
  network_.answer(500);
  loop_.run_ready();
  kill();
  loop_.advance(30s);
  start();
  EXPECT_TRUE(network_.held.empty());
  loop_.advance(29s);
  EXPECT_TRUE(network_.held.empty());
  loop_.advance(1s);
  EXPECT_EQ(network_.held.size(), 1u);
}

TEST_F(Engine, NeitherBurstsNorStallsWhenTheWallClockJumps) {
  const auto subscription = subscribe({60s});
  start();
  publish({subscription});
  network_.answer(500);
  loop_.run_ready();
  clock_.jump_wall(24h);
  loop_.advance(59s);
  EXPECT_TRUE(network_.held.empty());
  clock_.jump_wall(-48h);
  loop_.advance(1s);
  EXPECT_EQ(network_.held.size(), 1u);
}

TEST_F(Engine, DisablesTheSubscriptionOn410AndLeavesItsOtherDeliveriesPending) {
  const auto subscription = subscribe();
  start();
  publish({subscription});
  network_.answer(410);
  loop_.run_ready();
  EXPECT_FALSE(catalogue_->find_subscription(subscription.key)->settings.enabled);
  publish({subscription});  // accepted before the news: it waits for its owner
  EXPECT_TRUE(network_.held.empty());
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::exhausted, 1}, {DeliveryState::pending, 1}}));
}

TEST_F(Engine, AHangingEndpointDelaysNoOther) {
  const auto hanging = subscribe();
  const auto healthy = subscribe();
  start();
  publish({hanging}, 100);
  const auto stuck = network_.held.size();
  EXPECT_EQ(stuck, kLaneConcurrencyFirst);
  auto held = std::exchange(network_.held, {});
  publish({healthy}, 20);
  EXPECT_FALSE(network_.held.empty());
  answer_all(200);
  EXPECT_EQ(states()[DeliveryState::succeeded], 20);
}

TEST_F(Engine, DeliversABacklogThatNeverFittedInMemoryExactlyOnce) {
  const auto subscription = subscribe();
  start();
  const int total = static_cast<int>(kLaneReadyMax) + 700;
  publish({subscription}, total);
  EXPECT_LE(lanes_->in_flight(), kLaneConcurrencyMax);
  int sent = 0;
  while (!network_.held.empty()) {
    network_.answer(200);
    ++sent;
    loop_.run_ready();
  }
  EXPECT_EQ(sent, total);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, total}}));
  EXPECT_EQ(shared_.gate.runnable(), 0);
}

TEST_F(Engine, DrainWaitsForAnswersAndStartsNothing) {
  const auto subscription = subscribe();
  start();
  publish({subscription}, 10);
  const auto out = network_.held.size();
  bool drained = false;
  lanes_->drain([&] { drained = true; });
  loop_.run_ready();
  EXPECT_FALSE(drained);
  answer_all(200);
  EXPECT_TRUE(drained);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, static_cast<int>(out)},
                                                    {DeliveryState::pending, 10 - static_cast<int>(out)}}));
}

TEST_F(Engine, AnUnreachableEndpointIsProbedAndDeliveredToWhenItComesBack) {
  const auto subscription = subscribe(std::vector<Milliseconds>(20, 1s));
  start();
  publish({subscription}, 50);
  const auto began = clock_.steady_now();
  int attempts = 0;
  while (clock_.steady_now() - began < 60s) {
    while (!network_.held.empty()) {
      network_.refuse();
      ++attempts;
      loop_.run_ready();
    }
    loop_.advance(100ms);
  }
  EXPECT_LT(attempts, kBreakerFailures + static_cast<int>(kLaneConcurrencyFirst) + 8) << "one probe a pause";
  const auto back = clock_.steady_now();
  while (states()[DeliveryState::succeeded] < 50 && clock_.steady_now() - back < 2 * kBreakerPauseMax) {
    answer_all(200);
    loop_.advance(1s);
  }
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, 50}}));
}

TEST_F(Engine, ResumesAFanOutWhereAStoppedProcessLeftIt) {
  std::vector<SubscriptionId> subscriptions;
  for (int i = 0; i < 20; ++i) subscriptions.push_back(subscribe());
  auto event = std::make_shared<domain::Event>();
  event->id = ids_.next<EventId>();
  event->tenant = tenant_;
  event->topic = "a.b";
  event->accepted_at = clock_.schedule_now();
  event->payload = "1";
  store::NewEvent write;
  write.event = event;
  for (std::size_t i = 0; i < 5; ++i) write.deliveries.push_back({ids_.next<DeliveryId>(), subscriptions[i]});
  write.matched = 20;
  session_->accept_events({{std::move(write)}}, [](auto accepted) { ASSERT_TRUE(accepted && accepted->front()); });
  loop_.run_ready();

  subscribe();  // younger than the event: not for it
  start();
  Fanout fanout(loop_, *session_, *catalogue_, ids_, clock_, shared_,
                [&](std::vector<Work> work, const auto&) { lanes_->accept(std::move(work)); });
  bool resumed = false;
  fanout.start([&](Status status) { resumed = status.has_value(); });
  loop_.run_ready();
  ASSERT_TRUE(resumed);
  EXPECT_EQ(fanout.unfinished(), 0u);
  EXPECT_EQ(network_.held.size(), 20u);
  answer_all(200);
  EXPECT_EQ(states(), (std::map<DeliveryState, int>{{DeliveryState::succeeded, 20}}));
}

}  // namespace
}  // namespace posthorn::outbound
