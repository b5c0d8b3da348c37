#include "access/signing_keys.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "access/access_for_tests.h"
#include "jwt/check.h"
#include "jwt/token.h"

namespace posthorn::access {
namespace {

using std::chrono::hours;

constexpr Timestamp kStart{Milliseconds(1'700'000'000'000)};

TEST(PlanKeys, MakesPublishesSignsAndDropsKeysInTurn) {
  struct Row {
    std::vector<hours> ages;  // oldest first
    bool make_one;
    std::size_t signer;
    std::size_t drop;
  };
  const auto month = std::chrono::duration_cast<hours>(kKeySigningTime);
  const std::vector<Row> rows{
      {{}, true, 0, 0},
      {{hours(0)}, false, 0, 0},  // nothing older: a new one signs at once
      {{hours(30)}, false, 0, 0},
      {{month}, true, 0, 0},
      {{month + hours(1), hours(1)}, false, 0, 0},    // the new one is only published
      {{month + hours(24), hours(24)}, false, 1, 0},  // now it signs
      {{month + hours(25), hours(25)}, false, 1, 0},  // tokens of the old one may still be out
      {{month + hours(26), hours(26)}, false, 1, 1},
      {{3 * month, 2 * month, month}, true, 2, 2},
  };
  for (const auto& row : rows) {
    std::vector<Timestamp> created;
    for (const auto age : row.ages) created.push_back(kStart - age);
    const KeyPlan plan = plan_keys(created, kStart);
    EXPECT_EQ(plan.make_one, row.make_one) << row.ages.size();
    EXPECT_EQ(plan.signer, row.signer) << row.ages.size();
    EXPECT_EQ(plan.drop, row.drop) << row.ages.size();
  }
}

class SigningKeysTest : public AccessFixture {
 protected:
  Status maintain(SigningKeys& keys) {
    Status done;
    run([&]() -> net::Task<> { done = co_await keys.maintain(*session_); });
    return done;
  }
  static bool verifies(const SigningKeys& keys, std::string_view text) {
    const auto token = jwt::parse_token(text);
    return token && jwt::check_signature(*token, *keys.keys()).has_value();
  }
  const boost::json::object claims_{{"iss", "i"}, {"sub", "s"}};
};

TEST_F(SigningKeysTest, AreMadeOnceAndReadAgainFromTheStore) {
  SigningKeys keys(clock_, sealer_);
  ASSERT_TRUE(maintain(keys));
  ASSERT_TRUE(maintain(keys));
  const std::string token = keys.sign(claims_);
  SigningKeys again(clock_, sealer_);
  const auto rows = load();
  ASSERT_EQ(rows.signing_keys.size(), 1u);
  again.fill(rows.signing_keys);
  EXPECT_EQ(again.document(), keys.document());
  EXPECT_TRUE(verifies(again, token));
}

TEST_F(SigningKeysTest, AreSealedInTheStoreAndDroppedWhenTheMasterKeyIsAnother) {
  SigningKeys keys(clock_, sealer_);
  ASSERT_TRUE(maintain(keys));
  const crypto::Sealer other({{2, std::string(32, 'x')}});
  SigningKeys stranger(clock_, other);
  stranger.fill(load().signing_keys);
  EXPECT_TRUE(stranger.keys()->empty());
  ASSERT_TRUE(maintain(stranger));
  EXPECT_FALSE(verifies(stranger, keys.sign(claims_)));
}

TEST_F(SigningKeysTest, ChangeOverWithoutATokenEverBeingRefused) {
  SigningKeys keys(clock_, sealer_);
  ASSERT_TRUE(maintain(keys));
  std::vector<std::pair<Timestamp, std::string>> out;
  std::size_t most = 0;
  for (int hour = 0; hour < 24 * 70; ++hour) {
    clock_.advance(hours(1));
    ASSERT_TRUE(maintain(keys));
    out.emplace_back(clock_.wall_now(), keys.sign(claims_));
    most = std::max(most, keys.keys()->size());
    std::erase_if(out, [&](const auto& one) { return clock_.wall_now() - one.first > kTokenLifetime; });
    for (const auto& [at, token] : out) ASSERT_TRUE(verifies(keys, token)) << hour;
  }
  EXPECT_EQ(most, 2u);
}

TEST_F(SigningKeysTest, CanBeRotatedByHandAndTheOldOnesThrownAway) {
  SigningKeys keys(clock_, sealer_);
  ASSERT_TRUE(maintain(keys));
  const std::string token = keys.sign(claims_);
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await keys.rotate(*session_, SigningKeys::OldKeys::keep)); });
  EXPECT_TRUE(verifies(keys, token));
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await keys.rotate(*session_, SigningKeys::OldKeys::drop)); });
  EXPECT_FALSE(verifies(keys, token));
  EXPECT_EQ(load().signing_keys.size(), 1u);
}

TEST_F(SigningKeysTest, ArePublishedWithoutTheirPrivateHalves) {
  SigningKeys keys(clock_, sealer_);
  ASSERT_TRUE(maintain(keys));
  const std::string document = keys.document();
  const auto set = jwt::KeySet::parse(document);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->size(), 1u);
  EXPECT_EQ(document.find("\"d\""), std::string::npos);
  EXPECT_NE(document.find("\"alg\":\"ES256\""), std::string::npos);
}

}  // namespace
}  // namespace posthorn::access
