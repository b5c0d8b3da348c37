#include "outbound/handshake.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/manual_loop.h"

namespace posthorn::outbound {
namespace {

using domain::FailureKind;

net::SendResult agreed(const std::string& rate = "") {
  net::ClientResponse response;
  response.status = 200;
  response.headers = {{"webhook-allowed-origin", "hooks.example"}};
  if (!rate.empty()) response.headers.push_back({"webhook-allowed-rate", rate});
  return response;
}

net::SendResult refused() {
  net::ClientResponse response;
  response.status = 405;
  return response;
}

class HandshakesTest : public testing::Test {
 protected:
  struct Asked {
    std::shared_ptr<const HandshakeCall> call;
    UniqueFunction<void(net::SendResult)> done;
  };

  ~HandshakesTest() override {
    while (!asked_.empty()) answer(refused());
  }

  void agree(std::int64_t subscription = 1, const std::string& url = "https://a.example/hook",
             std::chrono::milliseconds time = 5s) {
    const HandshakeWish wish{SubscriptionKey{subscription}, 120};
    const auto target = std::make_shared<const net::Url>(net::parse_url(url, "url").value());
    handshakes_.agree(wish, target, "api-key: k\r\n", nullptr, clock_.steady_now() + time,
                      [this](HandshakeOutcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }
  void answer(net::SendResult result) {
    ASSERT_FALSE(asked_.empty());
    auto first = std::move(asked_.front());
    asked_.pop_front();
    first.done(std::move(result));
  }
  HandshakeOutcome last() { return outcomes_.empty() ? HandshakeOutcome{FailureKind::internal, "none", {}} : outcomes_.back(); }

  ManualClock clock_;
  ManualLoop loop_{clock_};
  std::deque<Asked> asked_;
  std::vector<HandshakeOutcome> outcomes_;
  Handshakes handshakes_{
      loop_, clock_, "hooks.example",
      [this](std::shared_ptr<const HandshakeCall> call, SteadyTime, UniqueFunction<void(net::SendResult)> done) {
        asked_.push_back({std::move(call), std::move(done)});
      }};
};

TEST_F(HandshakesTest, AsksOnceAndKeepsTheConsent) {
  for (int i = 0; i < 10; ++i) agree();
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_.front().call->header_lines,
            "WebHook-Request-Origin: hooks.example\r\nWebHook-Request-Rate: 120\r\napi-key: k\r\n");
  answer(agreed("60"));
  ASSERT_EQ(outcomes_.size(), 10U);
  for (const auto& outcome : outcomes_) {
    EXPECT_EQ(outcome.failure, FailureKind::none);
    EXPECT_EQ(outcome.consent.per_second, 1.0);
  }
  agree();
  EXPECT_EQ(outcomes_.size(), 11U);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(HandshakesTest, ARefusalIsNotKept) {
  agree();
  answer(refused());
  EXPECT_EQ(last().failure, FailureKind::handshake);
  EXPECT_NE(last().detail.find("405"), std::string::npos);
  agree();
  answer(agreed());
  EXPECT_EQ(last().failure, FailureKind::none);
  EXPECT_FALSE(last().consent.per_second);
}

TEST_F(HandshakesTest, WhatCannotBeAskedFailsWithItsOwnKind) {
  agree();
  answer(net::SendError{net::SendFailure::tls, "certificate has expired"});
  EXPECT_EQ(last().failure, FailureKind::tls);
  EXPECT_NE(last().detail.find("certificate has expired"), std::string::npos);
}

TEST_F(HandshakesTest, AConsentIsForOneSubscriptionAndUrlAndEnds) {
  agree();
  answer(agreed());
  agree(2);
  EXPECT_EQ(asked_.size(), 1U) << "another subscription";
  answer(agreed());
  agree(1, "https://b.example/hook");
  EXPECT_EQ(asked_.size(), 1U) << "another URL";
  answer(agreed());
  agree(1, "https://b.example/hook");
  EXPECT_TRUE(asked_.empty());
  loop_.advance(kHandshakeConsentTime);
  agree(1, "https://b.example/hook");
  EXPECT_EQ(asked_.size(), 1U) << "it has ended";
}

TEST_F(HandshakesTest, WhoWaitsForAFormerUrlIsAnsweredAllTheSame) {
  agree(1, "https://a.example/hook");
  agree(1, "https://b.example/hook");
  ASSERT_EQ(asked_.size(), 2U);
  answer(refused());
  EXPECT_EQ(last().failure, FailureKind::handshake);
  answer(agreed());
  EXPECT_EQ(last().failure, FailureKind::none);
  EXPECT_EQ(outcomes_.size(), 2U);
}

TEST_F(HandshakesTest, EachWaitsUntilItsOwnDeadline) {
  agree(1, "https://a.example/hook", 100ms);
  agree();
  loop_.advance(100ms);
  ASSERT_EQ(outcomes_.size(), 1U);
  EXPECT_EQ(last().failure, FailureKind::timeout);
  answer(agreed());
  EXPECT_EQ(outcomes_.size(), 2U);
}

}  // namespace
}  // namespace posthorn::outbound
