#include "access/authorizer.h"

#include <gtest/gtest.h>

#include <set>

namespace posthorn::access {
namespace {

constexpr Timestamp kNow{Milliseconds(1'700'000'000'000)};

TEST(Authorizer, KnowsThePrincipalOfEachKey) {
  const std::string first = make_key();
  const std::string second = make_key();
  const Authorizer authorizer({make_credential("admin", first, kNow), make_credential("other", second, kNow)});
  EXPECT_EQ((*authorizer.authenticate("Bearer " + first))->name, "admin");
  EXPECT_EQ((*authorizer.authenticate("Bearer " + second))->name, "other");
  EXPECT_EQ((*authorizer.authenticate("bearer " + first))->name, "admin");
}

TEST(Authorizer, GivesTheSameAnswerForEveryCauseOfRefusal) {
  const std::string key = make_key();
  const Authorizer authorizer({make_credential("admin", key, kNow)});
  const auto nothing = authorizer.authenticate("");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::unauthenticated);
  const std::string with_nul("Bearer a\0b", 10);
  for (const std::string& value :
       std::vector<std::string>{"Bearer", "Bearer ", "Bearer  ", "Bearer x", "Basic " + key, key, "Bearer " + key + "x",
                                "Bearer " + key.substr(1), "Bearer" + key, "Bearer " + key + " " + key, with_nul}) {
    const auto refused = authorizer.authenticate(value);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().kind, nothing.error().kind);
    EXPECT_EQ(refused.error().code, nothing.error().code);
    EXPECT_EQ(refused.error().message, nothing.error().message);
  }
}

TEST(Authorizer, LetsNobodyInWithoutCredentials) {
  const Authorizer authorizer({});
  EXPECT_FALSE(authorizer.authenticate("Bearer x"));
  // The hash of no key at all must not open a credential that was never filled in.
  EXPECT_FALSE(Authorizer({store::Credential{}}).authenticate("Bearer "));
}

TEST(MakeKey, IsLongPlainAndNeverTheSame) {
  std::set<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    const std::string key = make_key();
    EXPECT_EQ(key.size(), 46u);
    EXPECT_EQ(key.substr(0, 3), "ph_");
    EXPECT_EQ(key.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 3), std::string::npos);
    keys.insert(key);
  }
  EXPECT_EQ(keys.size(), 100u);
}

TEST(MakeCredential, KeepsOnlyTheHash) {
  const auto credential = make_credential("admin", "some key", kNow);
  EXPECT_EQ(credential.name, "admin");
  EXPECT_EQ(credential.created_at, kNow);
  EXPECT_NE(credential.key_hash, (std::array<std::uint8_t, 32>{}));
}

}  // namespace
}  // namespace posthorn::access
