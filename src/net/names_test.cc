#include "net/names.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/eventually_for_tests.h"
#include "base/limits.h"
#include "net/dns_for_tests.h"

namespace posthorn::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kGenerous = 60s;

class NamesTest : public testing::Test {
 protected:
  NamesTest() {
    loop_.start();
    // A busy machine may answer late; a second question would be counted.
    make({.servers = {}, .try_timeout = 20s});
  }
  ~NamesTest() override {
    run_on(loop_, [this]() -> Task<void> {
      resolver_->close();
      co_return;
    });
    loop_.stop();
    resolver_.reset();
  }

  void make(ResolverOptions options) {
    run_on(loop_, [this]() -> Task<void> {
      resolver_.reset();
      co_return;
    });
    options.servers = dns_.address();
    resolver_ = std::make_unique<Resolver>(loop_, clock_, options);
  }

  Result<Addresses> resolve(const std::string& name, std::chrono::milliseconds time = kGenerous) {
    std::optional<Result<Addresses>> result;
    run_on(loop_,
           [&]() -> Task<void> { result.emplace(co_await resolver_->resolve(name, std::chrono::steady_clock::now() + time)); });
    return std::move(*result);
  }
  std::vector<std::string> texts(const std::string& name) {
    const auto found = resolve(name);
    std::vector<std::string> all;
    if (!found) return {"error: " + found.error().message};
    for (const auto& address : **found) all.push_back(address.text());
    std::sort(all.begin(), all.end());
    return all;
  }

  DnsStub dns_;
  ManualClock clock_;
  Loop loop_{"names"};
  std::unique_ptr<Resolver> resolver_;
};

using Texts = std::vector<std::string>;

TEST_F(NamesTest, FindsBothKindsOfAddresses) {
  dns_.set("both.example", {.v4 = {"192.0.2.1", "192.0.2.2"}, .v6 = {"2001:db8::1"}});
  dns_.set("four.example", {.v4 = {"192.0.2.4"}});
  dns_.set("six.example", {.v6 = {"2001:db8::6"}});
  EXPECT_EQ(texts("both.example"), (Texts{"192.0.2.1", "192.0.2.2", "2001:db8::1"}));
  EXPECT_EQ(texts("four.example"), (Texts{"192.0.2.4"}));
  EXPECT_EQ(texts("six.example"), (Texts{"2001:db8::6"}));
}

TEST_F(NamesTest, FollowsAliases) {
  dns_.set("alias.example", {.v4 = {"192.0.2.7"}, .alias_of = "real.example"});
  EXPECT_EQ(texts("alias.example"), (Texts{"192.0.2.7"}));
}

TEST_F(NamesTest, ReadsTheHostsFileForLocalhost) {
  const auto all = texts("localhost");
  EXPECT_NE(std::find(all.begin(), all.end(), "127.0.0.1"), all.end());
  EXPECT_EQ(dns_.queries("localhost"), 0);
}

TEST_F(NamesTest, DoesNotAppendSearchDomains) {
  EXPECT_TRUE(resolve("single").has_error());
  EXPECT_GE(dns_.queries("single"), 1);
  EXPECT_EQ(dns_.names_asked(), 1U);
}

TEST_F(NamesTest, KeepsAnAnswerForItsTimeToLiveButNotLonger) {
  dns_.set("short.example", {.v4 = {"192.0.2.1"}, .time_to_live = 10});
  EXPECT_EQ(texts("short.example"), (Texts{"192.0.2.1"}));
  dns_.set("short.example", {.v4 = {"192.0.2.2"}, .time_to_live = 10});
  clock_.advance(9s);
  EXPECT_EQ(texts("short.example"), (Texts{"192.0.2.1"}));
  clock_.advance(2s);
  EXPECT_EQ(texts("short.example"), (Texts{"192.0.2.2"}));
}

TEST_F(NamesTest, KeepsNoAnswerLongerThanItsLimit) {
  dns_.set("long.example", {.v4 = {"192.0.2.1"}, .time_to_live = 86'400});
  EXPECT_EQ(texts("long.example"), (Texts{"192.0.2.1"}));
  dns_.set("long.example", {.v4 = {"192.0.2.2"}, .time_to_live = 86'400});
  clock_.advance(kNameCacheTime - 1s);
  EXPECT_EQ(texts("long.example"), (Texts{"192.0.2.1"}));
  clock_.advance(1s);
  EXPECT_EQ(texts("long.example"), (Texts{"192.0.2.2"}));
}

TEST_F(NamesTest, DoesNotKeepAnAnswerWithoutTimeToLive) {
  for (int i = 1; i <= 5; ++i) {
    const auto address = "192.0.2." + std::to_string(i);
    dns_.set("none.example", {.v4 = {address}, .time_to_live = 0});
    EXPECT_EQ(texts("none.example"), (Texts{address}));
  }
  EXPECT_EQ(resolver_->cached_names(), 0U);
}

TEST_F(NamesTest, KeepsFailuresForAShortTime) {
  EXPECT_EQ(resolve("missing.example").error().kind, ErrorKind::not_found);
  const auto asked = dns_.queries("missing.example");
  EXPECT_EQ(resolve("missing.example").error().kind, ErrorKind::not_found);
  EXPECT_EQ(dns_.queries("missing.example"), asked);
  dns_.set("missing.example", {.v4 = {"192.0.2.9"}});
  clock_.advance(kNameFailureTime);
  EXPECT_EQ(texts("missing.example"), (Texts{"192.0.2.9"}));
}

TEST_F(NamesTest, TellsApartWhatIsMissingAndWhatCannotBeKnown) {
  dns_.set("empty.example", {});
  dns_.set("broken.example", {.code = DnsStub::Code::server_failure});
  dns_.set("refused.example", {.code = DnsStub::Code::refused});
  EXPECT_EQ(resolve("nowhere.example").error().kind, ErrorKind::not_found);
  EXPECT_EQ(resolve("empty.example").error().kind, ErrorKind::not_found);
  EXPECT_EQ(resolve("broken.example").error().kind, ErrorKind::unavailable);
  EXPECT_EQ(resolve("refused.example").error().kind, ErrorKind::unavailable);
}

TEST_F(NamesTest, AnAddressCountsThoughTheOtherKindCannotBeKnown) {
  dns_.set("half.example", {.v4 = {"192.0.2.1"}, .v6_fails = true});
  EXPECT_EQ(texts("half.example"), (Texts{"192.0.2.1"}));
}

TEST_F(NamesTest, GivesUpAtTheDeadlineWhenNoServerAnswers) {
  dns_.set("silent.example", {.silent = true});
  const auto result = resolve("silent.example", 100ms);
  EXPECT_EQ(result.error().kind, ErrorKind::deadline_exceeded);
}

TEST_F(NamesTest, GivesUpWhenItsTriesAreUsed) {
  make({.servers = {}, .try_timeout = 20ms, .tries = 2});
  dns_.set("silent.example", {.silent = true});
  const auto result = resolve("silent.example");
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  // Two tries of two kinds; the last of them need not have been read yet.
  EXPECT_TRUE(eventually([this] { return dns_.queries("silent.example") == 4; }));
}

TEST_F(NamesTest, ReadsAThousandAddressesOverTcp) {
  DnsStub::Answer many;
  for (int i = 0; i < 1000; ++i) many.v4.push_back("198.51." + std::to_string(i / 256) + "." + std::to_string(i % 256));
  dns_.set("many.example", many);
  const auto found = resolve("many.example");
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ((*found)->size(), 1000U);
  EXPECT_GE(dns_.tcp_queries(), 1);
}

TEST_F(NamesTest, AsksOnceForLookupsThatRunTogether) {
  dns_.set("hot.example", {.v4 = {"192.0.2.1"}});
  run_on(loop_, [&]() -> Task<void> {
    Scope scope(loop_);
    int running = 100;
    const auto look_up = [](Resolver& resolver, int& left) -> Task<void> {
      const auto found = co_await resolver.resolve("hot.example", std::chrono::steady_clock::now() + kGenerous);
      EXPECT_TRUE(found.has_value());
      --left;
    };
    for (int i = 0; i < 100; ++i) scope.spawn(look_up(*resolver_, running));
    while (running > 0) co_await sleep_until(loop_, std::chrono::steady_clock::now() + 1ms);
    co_await scope.join();
  });
  EXPECT_EQ(resolver_->lookups_started(), 1U);
  EXPECT_EQ(dns_.queries("hot.example"), 2);  // A and AAAA
}

TEST_F(NamesTest, LooksUpManyNamesAtOnceWithoutBlockingItsLoop) {
  for (int i = 0; i < 1000; ++i) dns_.set("n" + std::to_string(i) + ".example", {.v4 = {"192.0.2.1"}});
  dns_.set("silent.example", {.silent = true});
  run_on(loop_, [&]() -> Task<void> {
    Scope scope(loop_);
    int running = 1000;
    const auto look_up = [](Resolver& resolver, std::string name, int& left) -> Task<void> {
      const auto found = co_await resolver.resolve(std::move(name), std::chrono::steady_clock::now() + kGenerous);
      EXPECT_TRUE(found.has_value()) << found.error().message;
      --left;
    };
    const auto wait = [](Resolver& resolver) -> Task<void> {
      const auto found = co_await resolver.resolve("silent.example", std::chrono::steady_clock::now() + kGenerous);
      EXPECT_TRUE(found.has_error());
    };
    scope.spawn(wait(*resolver_));
    for (int i = 0; i < 1000; ++i) scope.spawn(look_up(*resolver_, "n" + std::to_string(i) + ".example", running));
    while (running > 0) co_await sleep_until(loop_, std::chrono::steady_clock::now() + 1ms);
    EXPECT_EQ(scope.running(), 1U);
    co_await scope.join();  // ends the one that waits
  });
  EXPECT_EQ(resolver_->cached_names(), 1000U);
}

TEST_F(NamesTest, SilentNamesDoNotHoldUpOthersForLong) {
  dns_.set("loud.example", {.v4 = {"192.0.2.1"}});
  for (int i = 0; i < 300; ++i) dns_.set("s" + std::to_string(i) + ".example", {.silent = true});
  run_on(loop_, [&]() -> Task<void> {
    Scope scope(loop_);
    const auto wait = [](Resolver& resolver, std::string name) -> Task<void> {
      (void)co_await resolver.resolve(std::move(name), std::chrono::steady_clock::now() + kGenerous);
    };
    for (int i = 0; i < 300; ++i) scope.spawn(wait(*resolver_, "s" + std::to_string(i) + ".example"));
    std::string loud = "loud.example";
    const auto found = co_await resolver_->resolve(std::move(loud), std::chrono::steady_clock::now() + kGenerous);
    EXPECT_TRUE(found.has_value());
    EXPECT_EQ(scope.running(), 300U);
    co_await scope.join();
  });
}

TEST_F(NamesTest, BoundsItsCache) {
  clock_.advance(1s);
  for (std::size_t i = 0; i < kNameCacheEntriesMax + 50; ++i) {
    // Hosts that the stub does not know: each is a cached failure.
    (void)resolve("x" + std::to_string(i) + ".example");
  }
  EXPECT_EQ(resolver_->cached_names(), kNameCacheEntriesMax);
}

TEST_F(NamesTest, CloseEndsWhatRuns) {
  dns_.set("silent.example", {.silent = true});
  run_on(loop_, [&]() -> Task<void> {
    Scope scope(loop_);
    bool ended = false;
    const auto wait = [](Resolver& resolver, bool& done) -> Task<void> {
      const auto found = co_await resolver.resolve("silent.example", std::chrono::steady_clock::now() + kGenerous);
      EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
      done = true;
    };
    scope.spawn(wait(*resolver_, ended));
    resolver_->close();
    while (!ended) co_await sleep_until(loop_, std::chrono::steady_clock::now() + 1ms);
    co_await scope.join();
  });
  EXPECT_EQ(resolve("silent.example").error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace posthorn::net
