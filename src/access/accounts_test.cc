#include "access/accounts.h"

#include <set>

#include "access/access_for_tests.h"

namespace posthorn::access {
namespace {

using domain::AccountKind;
using domain::Role;

class AccountsTest : public AccessFixture {
 protected:
  GrantPtr grant(const std::string& principal, SubscriptionKey subscription, TenantKey tenant) {
    GrantPtr made;
    run([&]() -> net::Task<> {
      domain::Grant grant;
      grant.principal = principal;
      grant.tenant = tenant;
      grant.subscription = {subscription, 1};
      made = std::move(co_await accounts_.grant(*session_, std::move(grant), store::Author())).value();
    });
    return made;
  }

  Accounts accounts_{clock_, ids_};
};

TEST_F(AccountsTest, AreFoundByIdAndKeysByTheirHash) {
  const auto client = make(accounts_, AccountKind::client, {}, {Role::publisher});
  const auto key = make(accounts_, AccountKind::key, {}, {Role::viewer});
  EXPECT_EQ(accounts_.find(client.account->id), client.account);
  EXPECT_EQ(accounts_.find_key(crypto::sha256(key.secret)), key.account);
  EXPECT_EQ(accounts_.find_key(crypto::sha256(client.secret)), nullptr);  // a client's secret is no key
  EXPECT_EQ(accounts_.find({client.account->id.key, 5}), nullptr);
  EXPECT_TRUE(client.secret.starts_with("phs_"));
  EXPECT_TRUE(key.secret.starts_with("ph_"));
}

TEST_F(AccountsTest, AreTheSameAfterARestart) {
  const auto key = make(accounts_, AccountKind::key, {}, {Role::viewer});
  grant(to_text(key.account->id), SubscriptionKey{9}, {});
  Accounts again(clock_, ids_);
  auto rows = load();
  again.fill(std::move(rows.accounts), std::move(rows.grants));
  const auto found = again.find_key(crypto::sha256(key.secret));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, *key.account);
  EXPECT_TRUE(again.grants_of(to_text(found->id))->has(SubscriptionKey{9}));
}

TEST_F(AccountsTest, KeepOnlyTheHashOfASecret) {
  const auto key = make(accounts_, AccountKind::key, {}, {Role::viewer});
  for (const auto& account : load().accounts) {
    EXPECT_EQ(account.secret_hash, crypto::sha256(key.secret));
    EXPECT_EQ(account.name.find(key.secret), std::string::npos);
  }
}

TEST_F(AccountsTest, AreListedByKindAndRealm) {
  const auto acme = make_tenant("acme");
  const auto other = make_tenant("other");
  std::vector<AccountKey> mine;
  for (int i = 0; i < 3; ++i) {
    mine.push_back(make(accounts_, AccountKind::client, acme->key, {Role::viewer}).account->id.key);
    make(accounts_, AccountKind::client, other->key, {Role::viewer});
    make(accounts_, AccountKind::key, acme->key, {Role::viewer});
  }
  EXPECT_EQ(accounts_.list(AccountKind::client, acme->key, {}, 10).size(), 3u);
  EXPECT_EQ(accounts_.list(AccountKind::client, acme->key, {}, 2).size(), 2u);
  EXPECT_EQ(accounts_.list(AccountKind::client, acme->key, mine[1], 10).size(), 1u);
  EXPECT_EQ(accounts_.list(AccountKind::client, {}, {}, 10).size(), 6u);
}

TEST_F(AccountsTest, RotateWithAnOverlap) {
  const auto made = make(accounts_, AccountKind::client, {}, {Role::viewer});
  Accounts::Made rotated;
  run([&]() -> net::Task<> {
    rotated = std::move(co_await accounts_.rotate(*session_, made.account, std::chrono::hours(1), store::Author())).value();
  });
  EXPECT_NE(rotated.secret, made.secret);
  EXPECT_EQ(rotated.account->secret_hash, crypto::sha256(rotated.secret));
  EXPECT_EQ(rotated.account->previous_hash, std::optional(crypto::sha256(made.secret)));
  EXPECT_EQ(rotated.account->previous_until, clock_.wall_now() + std::chrono::hours(1));
}

TEST_F(AccountsTest, BumpTheGenerationWithEveryChange) {
  std::set<std::uint64_t> seen{accounts_.generation()};
  const auto made = make(accounts_, AccountKind::client, {}, {Role::webhook_user});
  EXPECT_TRUE(seen.insert(accounts_.generation()).second);
  const auto given = grant(to_text(made.account->id), SubscriptionKey{9}, {});
  EXPECT_TRUE(seen.insert(accounts_.generation()).second);
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await accounts_.revoke(*session_, given, store::Author())); });
  EXPECT_TRUE(seen.insert(accounts_.generation()).second);
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await accounts_.remove(*session_, made.account, 1, store::Author())); });
  EXPECT_TRUE(seen.insert(accounts_.generation()).second);
}

TEST_F(AccountsTest, TakeTheirGrantsWithThem) {
  const auto made = make(accounts_, AccountKind::key, {}, {Role::webhook_user});
  const std::string id = to_text(made.account->id);
  grant(id, SubscriptionKey{9}, {});
  grant(id, SubscriptionKey{10}, {});
  EXPECT_TRUE(accounts_.grants_of(id)->has(SubscriptionKey{10}));
  EXPECT_FALSE(accounts_.grants_of(id)->has(SubscriptionKey{11}));
  accounts_.forget(SubscriptionKey{10});
  EXPECT_FALSE(accounts_.grants_of(id)->has(SubscriptionKey{10}));
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await accounts_.remove(*session_, made.account, 0, store::Author())); });
  EXPECT_EQ(accounts_.grants_of(id), nullptr);
  EXPECT_TRUE(accounts_.list_grants({}, {}, {}, 10).empty());
  EXPECT_EQ(accounts_.find_key(crypto::sha256(made.secret)), nullptr);
  EXPECT_TRUE(load().grants.empty());
}

TEST_F(AccountsTest, ForgetATenantWhole) {
  const auto acme = make_tenant("acme");
  const auto mine = make(accounts_, AccountKind::key, acme->key, {Role::webhook_user});
  const auto other = make(accounts_, AccountKind::key, {}, {Role::webhook_user});
  grant(to_text(other.account->id), SubscriptionKey{9}, acme->key);
  accounts_.forget(acme->key);
  EXPECT_EQ(accounts_.find(mine.account->id), nullptr);
  EXPECT_EQ(accounts_.find(other.account->id), other.account);
  EXPECT_EQ(accounts_.grants_of(to_text(other.account->id)), nullptr);
}

TEST_F(AccountsTest, NoteTheirUseCoarselyAndInBatches) {
  const auto made = make(accounts_, AccountKind::key, {}, {Role::viewer});
  const AccountKey key = made.account->id.key;
  EXPECT_FALSE(accounts_.last_used(key));
  for (int i = 0; i < 100; ++i) accounts_.note_used(key);
  EXPECT_EQ(accounts_.take_used(), (std::vector<std::pair<AccountKey, Timestamp>>{{key, clock_.wall_now()}}));
  EXPECT_TRUE(accounts_.take_used().empty());
  clock_.advance(kUseNoteInterval - std::chrono::seconds(1));
  accounts_.note_used(key);
  EXPECT_TRUE(accounts_.take_used().empty());
  clock_.advance(std::chrono::seconds(1));
  accounts_.note_used(key);
  EXPECT_EQ(accounts_.take_used().size(), 1u);
  EXPECT_EQ(accounts_.last_used(key), clock_.wall_now());
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

}  // namespace
}  // namespace posthorn::access
