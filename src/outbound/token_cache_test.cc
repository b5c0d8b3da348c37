#include "outbound/token_cache.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/manual_loop.h"

namespace posthorn::outbound {
namespace {

using namespace std::chrono_literals;

net::SendResult granted(const std::string& token, int expires_in = 3600) {
  net::ClientResponse response;
  response.status = 200;
  response.body = R"({"access_token":")" + token + R"(","expires_in":)" + std::to_string(expires_in) + "}";
  return response;
}

net::SendResult refused(int status) {
  net::ClientResponse response;
  response.status = status;
  return response;
}

// A token server that the test plays, and the callers that wait.
class TokenCacheTest : public testing::Test {
 protected:
  struct Asked {
    std::string key;
    SteadyTime deadline;
    UniqueFunction<void(net::SendResult)> done;
  };

  ~TokenCacheTest() override {
    while (!asked_.empty()) answer(refused(500));
  }

  static TokenSource source(const std::string& key = "one") { return {{}, {}, {}, key}; }

  void get(std::chrono::milliseconds time = 5s, const std::string& key = "one") {
    cache_.get(source(key), clock_.steady_now() + time, [this](Result<std::string> result) {
      answers_.push_back(result ? *result : "failed: " + result.error().message);
    });
  }
  void answer(net::SendResult result) {
    ASSERT_FALSE(asked_.empty());
    auto first = std::move(asked_.front());
    asked_.pop_front();
    first.done(std::move(result));
  }
  std::vector<std::string> take_answers() { return std::exchange(answers_, {}); }
  using Texts = std::vector<std::string>;

  ManualClock clock_;
  ManualLoop loop_{clock_};
  std::deque<Asked> asked_;
  std::vector<std::string> answers_;
  TokenCache cache_{loop_, clock_,
                    [this](const TokenSource& from, SteadyTime deadline, UniqueFunction<void(net::SendResult)> done) {
                      asked_.push_back({from.key, deadline, std::move(done)});
                    }};
};

TEST_F(TokenCacheTest, FetchesOnceForAllWhoWait) {
  for (int i = 0; i < 100; ++i) get();
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(answers_.empty());
  answer(granted("t1"));
  EXPECT_EQ(take_answers(), Texts(100, "t1"));
  get();
  EXPECT_EQ(take_answers(), Texts{"t1"}) << "it is kept";
  EXPECT_TRUE(asked_.empty());
}

TEST_F(TokenCacheTest, FetchesAnewShortlyBeforeTheEnd) {
  get();
  loop_.advance(2s);  // counts from when it was asked for
  answer(granted("t1", 100));
  loop_.advance(72s);
  get();
  EXPECT_EQ(take_answers(), (Texts{"t1", "t1"}));
  loop_.advance(1s);
  get();
  ASSERT_EQ(asked_.size(), 1U);
  answer(granted("t2", 100));
  EXPECT_EQ(take_answers(), Texts{"t2"});
}

TEST_F(TokenCacheTest, KeepsSourcesApart) {
  get(5s, "one");
  get(5s, "two");
  ASSERT_EQ(asked_.size(), 2U);
  answer(granted("t-one"));
  answer(granted("t-two"));
  get(5s, "one");
  get(5s, "two");
  EXPECT_EQ(take_answers(), (Texts{"t-one", "t-two", "t-one", "t-two"}));
}

TEST_F(TokenCacheTest, EachWaitsUntilItsOwnDeadlineAndTheFetchGoesOn) {
  get(100ms);
  get(5s);
  loop_.advance(100ms);
  EXPECT_EQ(take_answers(), Texts{"failed: the time ran out while a token was fetched"});
  EXPECT_EQ(asked_.front().deadline, clock_.steady_now() - 100ms + kTokenFetchTime);
  answer(granted("t1"));
  EXPECT_EQ(take_answers(), Texts{"t1"});
}

TEST_F(TokenCacheTest, AFailureIsToldToAllAndNotRepeatedAtOnce) {
  get();
  get();
  answer(refused(503));
  EXPECT_EQ(take_answers(), Texts(2, "failed: the token server answered 503"));
  get();
  EXPECT_EQ(take_answers(), Texts{"failed: the token server answered 503"});
  EXPECT_TRUE(asked_.empty());
  loop_.advance(kTokenPauseFirst);
  get();
  ASSERT_EQ(asked_.size(), 1U);
  answer(net::SendError{net::SendFailure::connect, "refused"});
  EXPECT_EQ(take_answers(), Texts{"failed: the token server: refused"});
}

TEST_F(TokenCacheTest, ABrokenTokenServerIsAskedEverMoreSeldom) {
  int fetches = 0;
  for (int second = 0; second < 3600; ++second) {
    get();
    if (!asked_.empty()) {
      ++fetches;
      answer(refused(500));
    }
    loop_.advance(1s);
  }
  EXPECT_GE(fetches, 55);
  EXPECT_LE(fetches, 70);
  // Once it works again, the pause begins anew.
  loop_.advance(kTokenPauseMax);
  get();
  answer(granted("t1", 0));
  get();
  answer(refused(500));
  loop_.advance(kTokenPauseFirst);
  get();
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(TokenCacheTest, ARefusedTokenIsFetchedAnewButNotWithoutEnd) {
  int fetches = 0;
  int again = 0;
  std::string token;
  for (int i = 0; i < 100; ++i) {
    get();
    if (!asked_.empty()) {
      ++fetches;
      answer(granted("t" + std::to_string(fetches)));
    }
    token = take_answers().back();
    if (cache_.refused(source(), token)) ++again;
  }
  EXPECT_EQ(fetches, kTokenFetchBurst);
  EXPECT_EQ(again, kTokenFetchBurst - 1);
  loop_.advance(kTokenFetchInterval);
  EXPECT_TRUE(cache_.refused(source(), token));
  get();
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(TokenCacheTest, OnlyTheTokenThatWasRefusedIsGivenUp) {
  get();
  answer(granted("t1"));
  EXPECT_TRUE(cache_.refused(source(), "t0")) << "an older one: the kept one is worth a try";
  get();
  EXPECT_EQ(take_answers(), (Texts{"t1", "t1"}));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(TokenCacheTest, TokensThatLastNoTimeServeThoseWhoWaitAndAreBounded) {
  int fetches = 0;
  for (int i = 0; i < 20; ++i) {
    get();
    if (asked_.empty()) continue;
    ++fetches;
    answer(granted("t", 0));
  }
  EXPECT_EQ(fetches, kTokenFetchBurst);
  const auto all = take_answers();
  EXPECT_EQ(std::count(all.begin(), all.end(), "t"), fetches);
}

TEST_F(TokenCacheTest, ForgetsTheOldestBeyondItsBound) {
  for (std::size_t i = 0; i < kTokensMax + 10; ++i) {
    get(5s, std::to_string(i));
    answer(granted("t"));
    loop_.advance(1ms);
  }
  EXPECT_EQ(cache_.size(), kTokensMax);
  get(5s, std::to_string(kTokensMax + 9));
  EXPECT_TRUE(asked_.empty());
  get(5s, "0");
  EXPECT_EQ(asked_.size(), 1U);
}

}  // namespace
}  // namespace posthorn::outbound
