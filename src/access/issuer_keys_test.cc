#include "access/issuer_keys.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/signing.h"

namespace posthorn::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string key_set(const std::string& id) {
  const auto point = crypto::PrivateKey::generate().point();
  return R"({"keys":[{"kty":"EC","crv":"P-256","kid":")" + id + R"(","x":")" + base64url_encode(point.x) + R"(","y":")" +
         base64url_encode(point.y) + "\"}]}";
}

class IssuerKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    domain::Issuer issuer;
    issuer.id = {{7}, 7};
    issuer.settings.jwks_url = "https://keys.example/";
    issuer_ = std::make_shared<const domain::Issuer>(issuer);
    keys_.fetch_with([this](const std::string& url, FetchDone done) {
      urls_.push_back(url);
      running_.push_back(std::move(done));
    });
  }
  void fetch() {
    keys_.fetch(issuer_, [this](bool good) { answers_ += good ? '+' : '-'; });
  }
  void answer(Result<std::string> document) {
    auto done = std::move(running_.front());
    running_.erase(running_.begin());
    done(std::move(document));
  }
  bool has(std::string_view id) const {
    const auto keys = keys_.keys(*issuer_);
    return keys && keys->find(id, crypto::SignatureAlgorithm::es256) != nullptr;
  }
  bool wants(IssuerKeys::Missed missed) const { return keys_.wants_fetch(*issuer_, missed); }

  ManualClock clock_;
  IssuerKeys keys_{clock_};
  IssuerPtr issuer_;
  std::vector<std::string> urls_;
  std::vector<FetchDone> running_;
  std::string answers_;
};

TEST_F(IssuerKeysTest, AreFetchedOnceForAllWhoWait) {
  EXPECT_TRUE(wants(IssuerKeys::Missed::no));
  fetch();
  fetch();
  fetch();
  EXPECT_EQ(urls_, std::vector<std::string>{"https://keys.example/"});
  EXPECT_EQ(answers_, "");
  answer(key_set("one"));
  EXPECT_EQ(answers_, "+++");
  EXPECT_TRUE(has("one"));
  EXPECT_FALSE(wants(IssuerKeys::Missed::no));
}

TEST_F(IssuerKeysTest, AreFetchedAgainForAnUnknownIdButNotTooOften) {
  fetch();
  answer(key_set("one"));
  EXPECT_FALSE(wants(IssuerKeys::Missed::yes));
  fetch();
  EXPECT_EQ(urls_.size(), 1u);
  EXPECT_EQ(answers_, "+-");
  clock_.advance(kKeysFetchPause);
  EXPECT_TRUE(wants(IssuerKeys::Missed::yes));
  EXPECT_FALSE(wants(IssuerKeys::Missed::no));
  fetch();
  answer(key_set("two"));
  EXPECT_FALSE(has("one"));
  EXPECT_TRUE(has("two"));
}

TEST_F(IssuerKeysTest, AreKeptWhileTheIssuerCannotBeReachedButNotForEver) {
  fetch();
  answer(key_set("one"));
  clock_.advance(kKeysFreshTime);
  EXPECT_TRUE(wants(IssuerKeys::Missed::no));
  fetch();
  answer(unavailable("no answer"));
  EXPECT_TRUE(has("one"));
  EXPECT_FALSE(wants(IssuerKeys::Missed::yes));  // failures count for the pause too
  clock_.advance(kKeysFetchPause);
  EXPECT_TRUE(wants(IssuerKeys::Missed::no));
  clock_.advance(kKeysStaleMax);
  EXPECT_FALSE(has("one"));
}

TEST_F(IssuerKeysTest, RefuseWhatIsNoKeySet) {
  for (const std::string& document : std::vector<std::string>{"", "<html>", "{}", R"({"keys":[]})"}) {
    fetch();
    answer(document);
    EXPECT_EQ(keys_.keys(*issuer_), nullptr) << document;
    clock_.advance(kKeysFetchPause);
  }
  EXPECT_EQ(answers_, "----");
}

TEST_F(IssuerKeysTest, OfAnotherUrlAreNotUsed) {
  fetch();
  answer(key_set("one"));
  auto moved = *issuer_;
  moved.settings.jwks_url = "https://elsewhere.example/";
  issuer_ = std::make_shared<const domain::Issuer>(moved);
  EXPECT_FALSE(has("one"));
  EXPECT_TRUE(wants(IssuerKeys::Missed::no));
  fetch();
  EXPECT_EQ(urls_.back(), "https://elsewhere.example/");
  answer(key_set("two"));
  EXPECT_TRUE(has("two"));
}

TEST_F(IssuerKeysTest, OfAForgottenIssuerAnswerNobodyTwice) {
  fetch();
  keys_.forget(issuer_->id.key);
  EXPECT_EQ(answers_, "-");
  answer(key_set("one"));
  EXPECT_EQ(answers_, "-");
  EXPECT_FALSE(has("one"));
}

}  // namespace
}  // namespace posthorn::access
