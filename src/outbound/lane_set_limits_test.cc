// Limits, batches, health and notices, on the simulated world without faults.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "outbound/simulation_world.h"

namespace posthorn::outbound {
namespace {

using namespace std::chrono_literals;

struct Seen {
  Timestamp at;
  std::size_t endpoint;
  std::vector<int> events;
  std::string header_lines;
  std::string body;
};

class Limits : public testing::Test {
 protected:
  Limits() : world_(1, {}) { listen(world_); }

  void listen(SimulatedWorld& world) {
    world.network.on_request = [this, &world](PlayedRequest request) {
      seen_.push_back({world.now(), request.endpoint, request.events, request.header_lines, request.body});
      AttemptAnswer answer;
      answer.outcome.status = status_ ? status_(seen_.back()) : 200;
      answer.outcome.failure = answer.outcome.status < 300 ? domain::FailureKind::none : domain::FailureKind::status;
      world.network.answer_later(5ms, std::move(answer), std::move(request), [](const auto&, const auto&) {});
    };
  }

  static domain::SubscriptionSettings settings(int endpoint, std::string topics = "**") {
    domain::SubscriptionSettings settings;
    settings.url = "https://example.com/" + std::to_string(endpoint);
    settings.topics = {std::move(topics)};
    settings.retry.delays = std::vector<Milliseconds>(3, 200ms);
    settings.retry_preset.clear();
    return settings;
  }

  static void publish(SimulatedWorld& world, int count, int from = 1) {
    for (int i = from; i < from + count; ++i) {
      world.publish(0, fmt::format(R"({{"n":{}}})", i), 256, 0ms, [](const store::NewEvent&) {});
    }
    world.advance(0ms);
  }
  void publish(int count, int from = 1) { publish(world_, count, from); }

  std::vector<Seen> to(std::size_t endpoint) const {
    std::vector<Seen> some;
    for (const auto& one : seen_) {
      if (one.endpoint == endpoint) some.push_back(one);
    }
    return some;
  }
  static std::string id_of(const Seen& seen) {
    const auto at = seen.header_lines.find("webhook-id: ");
    return seen.header_lines.substr(at, seen.header_lines.find('\r', at) - at);
  }
  std::map<std::string, int> notices() const {
    std::map<std::string, int> topics;
    for (const auto& one : seen_) {
      const auto at = one.body.find(R"("type":"posthorn.)");
      if (at != std::string::npos) ++topics[one.body.substr(at + 8, one.body.find('"', at + 8) - at - 8)];
    }
    return topics;
  }

  SimulatedWorld world_;
  std::vector<Seen> seen_;
  std::function<int(const Seen&)> status_;
};

// The vendor's page: a repetition 64 s after the first attempt failed, a second 729 s after that, and no more.
TEST_F(Limits, ThePresetOfOvationRepeatsAfter64And729Seconds) {
  auto preset = settings(0);
  preset.retry_preset = "ovation";
  preset.retry = domain::find_retry_preset("ovation")->policy;
  world_.subscribe(std::move(preset));
  world_.start();
  status_ = [](const Seen&) { return 500; };
  publish(1);
  for (int i = 0; i < 3600; ++i) world_.advance(1s);
  ASSERT_EQ(seen_.size(), 3u);
  EXPECT_NEAR(static_cast<double>((seen_[1].at - seen_[0].at).count()), 64'000, 50);
  EXPECT_NEAR(static_cast<double>((seen_[2].at - seen_[1].at).count()), 729'000, 50);
}

TEST_F(Limits, ARateLimitCountsRetriesAndIsNoRunnableWork) {
  auto limited = settings(0);
  limited.rate_limit = domain::RateLimit{10, 2};
  world_.subscribe(std::move(limited));
  world_.start();
  status_ = [](const Seen& seen) { return seen.events.front() % 2 == 0 ? 500 : 200; };
  publish(50);
  EXPECT_EQ(world_.runnable(), 0) << "its owner wants it to wait";
  world_.advance(5s);
  EXPECT_NEAR(static_cast<double>(seen_.size()), 52, 1);
  for (std::size_t i = 2; i < seen_.size(); ++i) EXPECT_GE(seen_[i].at - seen_[i - 2].at, 95ms) << i;
  world_.advance(30s);
  EXPECT_EQ(seen_.size(), 25u + 25u * 4u) << "control: everything went in the end";
}

TEST_F(Limits, ATenantsLimitIsSharedByItsLanesInTurnsByPriority) {
  world_.tenant_limit = domain::RateLimit{13, 1};
  for (int i = 0; i < 3; ++i) {
    auto one = settings(i);
    one.priority = static_cast<domain::Priority>(i);
    world_.subscribe(std::move(one));
  }
  world_.start();
  publish(200);
  seen_.clear();
  world_.advance(10s);
  EXPECT_NEAR(static_cast<double>(seen_.size()), 130, 2);
  EXPECT_NEAR(static_cast<double>(to(0).size()), 10, 1) << "low";
  EXPECT_NEAR(static_cast<double>(to(1).size()), 40, 2) << "normal";
  EXPECT_NEAR(static_cast<double>(to(2).size()), 80, 3) << "high";
  EXPECT_EQ(world_.runnable(), 0);
}

TEST_F(Limits, AConcurrencyLimitHolds) {
  auto limited = settings(0);
  limited.concurrency = 2;
  world_.subscribe(std::move(limited));
  world_.start();
  publish(20);
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_EQ(world_.runnable(), 0);
  world_.advance(60ms);
  EXPECT_EQ(seen_.size(), 20u);
}

TEST_F(Limits, ABatchGoesWhenItIsFullOrHasWaited) {
  auto batched = settings(0);
  batched.batching = domain::Batching{10, 100'000, 500ms};
  batched.order.mode = domain::Order::Mode::fifo;
  world_.subscribe(std::move(batched));
  world_.start();
  publish(25);
  world_.advance(100ms);
  ASSERT_EQ(seen_.size(), 2u);
  world_.advance(1s);
  ASSERT_EQ(seen_.size(), 3u);
  std::vector<int> all;
  for (const auto& one : seen_) all.insert(all.end(), one.events.begin(), one.events.end());
  std::vector<int> expected(25);
  for (int i = 0; i < 25; ++i) expected[static_cast<std::size_t>(i)] = i + 1;
  EXPECT_EQ(all, expected);
  EXPECT_EQ(seen_[0].events.size(), 10u);
  EXPECT_TRUE(seen_[0].body.starts_with(R"([{"id":")"));
  EXPECT_NE(seen_[0].header_lines.find("webhook-id: batch_"), std::string::npos);
  EXPECT_EQ(world_.pending(), 0u);
}

TEST_F(Limits, ABatchThatFailsGoesAgainAsItWasInOrder) {
  auto batched = settings(0);
  batched.batching = domain::Batching{3, 100'000, 0ms};
  batched.order.mode = domain::Order::Mode::fifo;
  batched.retry.jitter = 0;
  world_.subscribe(std::move(batched));
  world_.start();
  status_ = [this](const Seen&) { return seen_.size() <= 2 ? 500 : 200; };
  publish(1);
  publish(5, 2);
  world_.advance(5s);
  std::vector<int> all;
  for (const auto& one : seen_) all.insert(all.end(), one.events.begin(), one.events.end());
  EXPECT_EQ(all, (std::vector<int>{1, 1, 2, 3, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(id_of(seen_[1]), id_of(seen_[2]));
  EXPECT_NE(id_of(seen_[1]), id_of(seen_[3]));
}

TEST_F(Limits, AnEndpointThatFailsIsToldDisabledAndNeverInALoop) {
  auto failing = settings(0);
  failing.disable_after = 10min;
  failing.retry.delays = std::vector<Milliseconds>(50, 30s);
  const auto subscription = world_.subscribe(std::move(failing));
  world_.subscribe(settings(1, "posthorn.**"));
  world_.subscribe(settings(2));  // matches everything, but none of the server's own
  world_.start();
  status_ = [](const Seen& seen) { return seen.endpoint == 2 ? 200 : 500; };
  publish(3);
  world_.advance(5min);
  EXPECT_EQ(notices()["posthorn.subscription.failing"], 4) << "one event, tried four times: its subscriber fails too";
  EXPECT_TRUE(world_.catalogue().find_subscription(subscription->id.key)->settings.enabled);
  world_.advance(10min);
  const auto now = world_.catalogue().find_subscription(subscription->id.key);
  EXPECT_FALSE(now->settings.enabled);
  EXPECT_EQ(now->disabled_reason, "failing");
  EXPECT_EQ(notices(),
            (std::map<std::string, int>{{"posthorn.subscription.failing", 4}, {"posthorn.subscription.disabled", 4}}));
  EXPECT_EQ(to(2).size(), 3u);
}

TEST_F(Limits, AnEndpointThatIsBackIsToldOnce) {
  auto failing = settings(0);
  failing.retry.delays = std::vector<Milliseconds>(50, 30s);
  world_.subscribe(std::move(failing));
  world_.subscribe(settings(1, "posthorn.delivery.*"));
  world_.start();
  bool well = false;
  status_ = [&](const Seen& seen) { return seen.endpoint == 1 || well ? 200 : 500; };
  publish(3);
  world_.advance(3min);
  EXPECT_TRUE(notices().empty());
  well = true;
  world_.advance(3min);
  EXPECT_EQ(notices(), (std::map<std::string, int>{{"posthorn.delivery.recovered", 1}}));
}

TEST_F(Limits, WhatIsGivenUpIsToldWithinABound) {
  auto failing = settings(0);
  failing.retry.delays.clear();
  failing.disable_after = 0ms;
  world_.subscribe(std::move(failing));
  world_.subscribe(settings(1, "posthorn.delivery.exhausted"));
  world_.start();
  status_ = [](const Seen& seen) { return seen.endpoint == 1 ? 200 : 404; };
  publish(300);
  world_.advance(1s);
  EXPECT_EQ(to(0).size(), 300u);
  EXPECT_EQ(to(1).size(), 10u) << "a burst of ten";
  world_.advance(10s);
  publish(1, 301);
  world_.advance(1s);
  ASSERT_EQ(to(1).size(), 11u);
  EXPECT_NE(to(1).back().body.find(R"("suppressed":290)"), std::string::npos) << to(1).back().body;
}

TEST(Health, SurvivesARestart) {
  const auto folder = std::filesystem::temp_directory_path() / ("posthorn-health-" + std::to_string(::getpid()));
  SimulatedWorld world(1, folder.string());
  world.network.on_request = [&](PlayedRequest request) {
    AttemptAnswer answer;
    answer.outcome = {domain::FailureKind::status, 500, std::nullopt};
    world.network.answer_later(5ms, std::move(answer), std::move(request), [](const auto&, const auto&) {});
  };
  domain::SubscriptionSettings failing;
  failing.url = "https://example.com/0";
  failing.topics = {"**"};
  failing.retry.delays = std::vector<Milliseconds>(50, 1min);
  failing.retry_preset.clear();
  failing.disable_after = 1h;
  const auto subscription = world.subscribe(std::move(failing));
  world.start();
  for (int half = 0; half < 2; ++half) {
    world.publish(0, R"({"n":1})", 256, 0ms, [](const store::NewEvent&) {});
    world.advance(35min);
    EXPECT_EQ(world.catalogue().find_subscription(subscription->id.key)->settings.enabled, half == 0);
    world.crash();
    world.start();
  }
  EXPECT_EQ(world.catalogue().find_subscription(subscription->id.key)->disabled_reason, "failing");
}

}  // namespace
}  // namespace posthorn::outbound
