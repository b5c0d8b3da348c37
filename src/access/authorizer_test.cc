#include "access/authorizer.h"

#include <boost/json/object.hpp>
#include <set>

#include "access/access_for_tests.h"
#include "base/text.h"
#include "jwt/token.h"

namespace posthorn::access {
namespace {

using domain::AccountKind;
using domain::PrincipalKind;
using domain::Role;
using domain::Roles;

constexpr std::string_view kOurs = "https://posthorn.example";
constexpr std::string_view kTheirs = "https://login.example";

class AuthorizerTest : public AccessFixture {
 protected:
  void SetUp() override {
    AccessFixture::SetUp();
    admin_key_ = make_key();
    access_ = std::make_unique<Access>(clock_, ids_, sealer_, tenants_, std::string(kOurs),
                                       std::vector{make_credential("admin", admin_key_, clock_.wall_now())});
    run([this]() -> net::Task<> { EXPECT_TRUE(co_await access_->signing_keys.maintain(*session_)); });
    access_->issuer_keys.fetch_with([this](const std::string& url, FetchDone done) {
      fetched_.push_back(url);
      done(their_key_set());
    });
  }

  Result<domain::PrincipalPtr> see(const std::string& key, std::string_view peer = {}) {
    return access_->authorizer.authenticate("Bearer " + key, peer);
  }
  // As a request is treated: with one fetch of keys where the verdict asks for it.
  Result<domain::PrincipalPtr> see_with_fetch(const std::string& key) {
    auto verdict = access_->authorizer.look("Bearer " + key, "192.0.2.1:1");
    if (!verdict.wanted) return std::move(verdict.principal);
    run([&]() -> net::Task<> { co_await access_->authorizer.fetch_keys(verdict.wanted); });
    return std::move(access_->authorizer.look("Bearer " + key, "192.0.2.1:1").principal);
  }
  std::string token_of(const Accounts::Made& client, std::string_view scope = {}) {
    const std::string id = to_text(client.account->id);
    return std::move(access_->tokens.issue({id, client.secret, scope}))->token;
  }
  std::string their_key_set() const {
    const auto point = their_key_.point();
    return R"({"keys":[{"kty":"EC","crv":"P-256","kid":"theirs","x":")" + base64url_encode(point.x) + R"(","y":")" +
           base64url_encode(point.y) + "\"}]}";
  }
  IssuerPtr trust(TenantKey tenant, const std::function<void(domain::IssuerSettings&)>& change = {}) {
    IssuerPtr made;
    run([&]() -> net::Task<> {
      domain::Issuer issuer;
      issuer.tenant = tenant;
      issuer.settings.issuer = kTheirs;
      issuer.settings.audiences = {"posthorn"};
      issuer.settings.jwks_url = "https://login.example/keys";
      issuer.settings.roles_claim = "roles";
      if (change) change(issuer.settings);
      made = std::move(co_await access_->issuers.save(*session_, std::move(issuer), 0, store::Author())).value();
    });
    return made;
  }
  boost::json::object their_claims(std::string_view role = "viewer") const {
    const std::int64_t now = clock_.wall_now().time_since_epoch().count() / 1000;
    return {{"iss", kTheirs}, {"sub", "somebody"}, {"aud", "posthorn"}, {"exp", now + 3600}, {"roles", {role}}};
  }
  std::string their_token(const boost::json::object& claims, std::string_view kid = "theirs") const {
    return jwt::sign_token(claims, kid, their_key_);
  }

  std::string admin_key_;
  std::unique_ptr<Access> access_;
  crypto::PrivateKey their_key_ = crypto::PrivateKey::generate();
  std::vector<std::string> fetched_;
};

TEST_F(AuthorizerTest, KnowsTheAdministrator) {
  const auto admin = see(admin_key_);
  ASSERT_TRUE(admin);
  EXPECT_EQ((*admin)->name, "admin");
  EXPECT_EQ((*admin)->kind, PrincipalKind::administrator);
  EXPECT_EQ((*admin)->roles, Roles{Role::admin});
  EXPECT_FALSE((*admin)->tenant);
  EXPECT_TRUE(access_->authorizer.authenticate("bearer " + admin_key_));
}

TEST_F(AuthorizerTest, GivesTheSameAnswerForEveryCauseOfRefusal) {
  const auto nothing = access_->authorizer.authenticate("");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::unauthenticated);
  const std::string with_nul("Bearer a\0b", 10);
  const std::string& key = admin_key_;
  for (const std::string& value : std::vector<std::string>{
           "Bearer", "Bearer ", "Bearer  ", "Bearer x", "Basic " + key, key, "Bearer " + key + "x", "Bearer " + key.substr(1),
           "Bearer" + key, "Bearer " + key + " " + key, with_nul, "Bearer a.b.c", "Bearer " + their_token(their_claims())}) {
    const auto refused = access_->authorizer.authenticate(value);
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().kind, nothing.error().kind);
    EXPECT_EQ(refused.error().code, nothing.error().code);
    EXPECT_EQ(refused.error().message, nothing.error().message);
  }
}

TEST_F(AuthorizerTest, LetsNobodyInByAnEmptyCredential) {
  Authorizer authorizer({store::Credential{}}, {access_->accounts, access_->issuers, access_->issuer_keys,
                                                access_->signing_keys, tenants_, clock_, std::string(kOurs)});
  EXPECT_FALSE(authorizer.authenticate("Bearer "));
  EXPECT_FALSE(authorizer.authenticate("Bearer x"));
}

TEST_F(AuthorizerTest, KnowsAKeyUntilItEndsOrIsRevoked) {
  const auto acme = make_tenant("acme");
  const auto made =
      make(access_->accounts, AccountKind::key, acme->key, {Role::publisher}, clock_.wall_now() + std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) {  // found, then remembered
    const auto principal = see(made.secret);
    ASSERT_TRUE(principal);
    EXPECT_EQ((*principal)->id, to_text(made.account->id));
    EXPECT_EQ((*principal)->kind, PrincipalKind::key);
    EXPECT_EQ((*principal)->tenant, acme->key);
    EXPECT_EQ((*principal)->roles, Roles{Role::publisher});
  }
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(see(made.secret));

  const auto other = make(access_->accounts, AccountKind::key, {}, {Role::publisher});
  EXPECT_TRUE(see(other.secret));
  EXPECT_EQ(access_->accounts.last_used(other.account->id.key), clock_.wall_now());
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await access_->accounts.remove(*session_, other.account, 0, store::Author())); });
  EXPECT_FALSE(see(other.secret));
}

TEST_F(AuthorizerTest, SeesAChangeOfGrantsAndRolesAtOnce) {
  auto made = make(access_->accounts, AccountKind::key, {}, {Role::webhook_user});
  ASSERT_TRUE(see(made.secret));
  EXPECT_EQ((*see(made.secret))->grants, nullptr);
  run([&]() -> net::Task<> {
    domain::Grant grant;
    grant.principal = to_text(made.account->id);
    grant.subscription = {{5}, 5};
    EXPECT_TRUE(co_await access_->accounts.grant(*session_, std::move(grant), store::Author()));
  });
  EXPECT_TRUE((*see(made.secret))->grants->has(SubscriptionKey{5}));
  run([&]() -> net::Task<> {
    domain::Account changed = *made.account;
    changed.roles = {Role::viewer};
    EXPECT_TRUE(co_await access_->accounts.change(*session_, std::move(changed), store::Author()));
  });
  EXPECT_EQ((*see(made.secret))->roles, Roles{Role::viewer});
}

TEST_F(AuthorizerTest, KnowsItsOwnTokensWithTheRolesOfTheirScope) {
  const auto client = make(access_->accounts, AccountKind::client, {}, {Role::publisher, Role::viewer});
  const std::string token = token_of(client, "viewer");
  for (int i = 0; i < 2; ++i) {
    const auto principal = see(token);
    ASSERT_TRUE(principal);
    EXPECT_EQ((*principal)->id, to_text(client.account->id));
    EXPECT_EQ((*principal)->kind, PrincipalKind::client);
    EXPECT_EQ((*principal)->roles, Roles{Role::viewer});
  }
  EXPECT_FALSE(see(client.secret));  // the secret itself is no bearer
  clock_.advance(kTokenLifetime + jwt::kClockLeeway);
  EXPECT_FALSE(see(token));
}

TEST_F(AuthorizerTest, TakesFromATokenWhatTheClientHasLost) {
  const auto client = make(access_->accounts, AccountKind::client, {}, {Role::publisher, Role::viewer});
  const std::string token = token_of(client);
  ASSERT_TRUE(see(token));
  run([&]() -> net::Task<> {
    domain::Account changed = *client.account;
    changed.roles = {Role::viewer, Role::admin};
    EXPECT_TRUE(co_await access_->accounts.change(*session_, std::move(changed), store::Author()));
  });
  EXPECT_EQ((*see(token))->roles, Roles{Role::viewer});
  run([&]() -> net::Task<> {
    EXPECT_TRUE(co_await access_->accounts.remove(*session_, access_->accounts.find(client.account->id), 0, store::Author()));
  });
  EXPECT_FALSE(see(token));
}

TEST_F(AuthorizerTest, RefusesTokensInItsNameThatItDidNotSign) {
  const auto client = make(access_->accounts, AccountKind::client, {}, {Role::admin});
  boost::json::object claims = their_claims();
  claims["iss"] = kOurs;
  claims["aud"] = kOurs;
  claims["sub"] = to_text(client.account->id);
  claims["scope"] = "admin";
  EXPECT_FALSE(see_with_fetch(their_token(claims)));
  // Nor does an outside issuer speak in this server's name.
  trust({}, [](domain::IssuerSettings& settings) {
    settings.issuer = kOurs;
    settings.audiences = {std::string(kOurs)};
    settings.roles = {Role::admin};
  });
  EXPECT_FALSE(see_with_fetch(their_token(claims)));
}

TEST_F(AuthorizerTest, FetchesTheKeysOfATrustedIssuerOnce) {
  const auto acme = make_tenant("acme");
  const auto issuer = trust(acme->key);
  EXPECT_FALSE(see(their_token(their_claims())));  // without waiting there are no keys yet
  const auto principal = see_with_fetch(their_token(their_claims("publisher")));
  ASSERT_TRUE(principal);
  EXPECT_EQ((*principal)->id, to_text(issuer->id) + "/somebody");
  EXPECT_EQ((*principal)->kind, PrincipalKind::outside);
  EXPECT_EQ((*principal)->tenant, acme->key);
  EXPECT_EQ((*principal)->roles, Roles{Role::publisher});
  ASSERT_TRUE(see_with_fetch(their_token(their_claims("viewer"))));
  EXPECT_EQ(fetched_.size(), 1u);
}

TEST_F(AuthorizerTest, DoesNotAskTheIssuerForEveryForgedKeyId) {
  trust({});
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(see_with_fetch(their_token(their_claims(), "forged" + std::to_string(i))));
  EXPECT_EQ(fetched_.size(), 1u);
  EXPECT_TRUE(see_with_fetch(their_token(their_claims())));
}

TEST_F(AuthorizerTest, ChecksOutsideTokensByTheBook) {
  trust({});
  ASSERT_TRUE(see_with_fetch(their_token(their_claims())));
  const auto with = [&](std::string_view name, const boost::json::value& value) {
    auto claims = their_claims();
    claims[name] = value;
    return see_with_fetch(their_token(claims)).has_value();
  };
  const std::int64_t now = clock_.wall_now().time_since_epoch().count() / 1000;
  EXPECT_TRUE(with("jti", "x"));
  EXPECT_FALSE(with("aud", "elsewhere"));
  EXPECT_FALSE(with("iss", "https://login.example/"));
  EXPECT_FALSE(with("exp", now - 61));
  EXPECT_FALSE(with("nbf", now + 61));
  EXPECT_FALSE(with("iat", now + 61));
  EXPECT_FALSE(with("sub", ""));
}

TEST_F(AuthorizerTest, TellsAGoodTokenThatGivesNothingHere) {
  trust({}, [](domain::IssuerSettings& settings) { settings.tenant_claim = "org"; });
  auto claims = their_claims();
  const auto no_tenant = see_with_fetch(their_token(claims));
  ASSERT_FALSE(no_tenant);
  EXPECT_EQ(no_tenant.error().code, "unmapped_token");
  claims["org"] = "acme";
  EXPECT_EQ(see_with_fetch(their_token(claims)).error().code, "unmapped_token");
  const auto acme = make_tenant("acme");
  claims["jti"] = "another";
  const auto principal = see_with_fetch(their_token(claims));
  ASSERT_TRUE(principal);
  EXPECT_EQ((*principal)->tenant, acme->key);
  claims["roles"] = boost::json::array{"nothing"};
  EXPECT_EQ(see_with_fetch(their_token(claims)).error().code, "unmapped_token");
}

TEST_F(AuthorizerTest, LetsATenantsIssuerSpeakForThatTenantOnly) {
  const auto acme = make_tenant("acme");
  const auto evil = make_tenant("evil");
  trust(evil->key, [](domain::IssuerSettings& settings) {
    settings.roles = {Role::admin};
    settings.audiences = {"posthorn"};
  });
  const auto principal = see_with_fetch(their_token(their_claims()));
  ASSERT_TRUE(principal);
  EXPECT_EQ((*principal)->tenant, evil->key);
  EXPECT_NE((*principal)->tenant, acme->key);
}

TEST_F(AuthorizerTest, RefusesAnIssuerThatIsTrustedNoMore) {
  const auto issuer = trust({});
  const std::string token = their_token(their_claims());
  ASSERT_TRUE(see_with_fetch(token));
  run([&]() -> net::Task<> { EXPECT_TRUE(co_await access_->issuers.remove(*session_, issuer, 0, store::Author())); });
  EXPECT_FALSE(see_with_fetch(token));
}

TEST_F(AuthorizerTest, BoundsTheFailuresOfAnAddressButNotItsGoodKeys) {
  const auto client = make(access_->accounts, AccountKind::client, {}, {Role::viewer});
  const auto key = make(access_->accounts, AccountKind::key, {}, {Role::viewer});
  const std::string known = token_of(client);
  const std::string later = token_of(client);
  ASSERT_TRUE(see(known, "192.0.2.1:1"));
  for (std::uint32_t i = 0; i < kBearerFailures.burst; ++i) {
    ASSERT_EQ(see("ph_guess" + std::to_string(i), "192.0.2.1:1").error().kind, ErrorKind::unauthenticated) << i;
  }
  const auto refused = see("ph_guess", "192.0.2.1:2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_many_requests);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(see("ph_guess", "192.0.2.2:1").error().kind, ErrorKind::unauthenticated);
  EXPECT_TRUE(see(key.secret, "192.0.2.1:1"));
  EXPECT_TRUE(see(admin_key_, "192.0.2.1:1"));
  EXPECT_TRUE(see(known, "192.0.2.1:1"));
  EXPECT_EQ(see(later, "192.0.2.1:1").error().kind, ErrorKind::too_many_requests);
  clock_.advance(kBearerFailures.refill);
  EXPECT_TRUE(see(later, "192.0.2.1:1"));
}

TEST(TokenCache, ForgetsTheOldHalfWhenTheYoungIsFull) {
  TokenCache cache(4);
  const auto digest = [](int i) { return crypto::sha256(std::to_string(i)); };
  const auto entry = TokenCache::Entry{std::make_shared<const domain::Principal>(), {}, Timestamp(Milliseconds(10)), 1};
  const auto found = [&](int i) { return cache.find(digest(i), 1, Timestamp(Milliseconds(9))).has_value(); };
  for (int i = 0; i < 5; ++i) cache.put(digest(i), entry);
  EXPECT_FALSE(found(0));
  EXPECT_FALSE(found(1));
  EXPECT_TRUE(found(2) && found(3) && found(4));
  EXPECT_FALSE(cache.find(digest(4), 2, Timestamp(Milliseconds(9))));
  EXPECT_FALSE(cache.find(digest(4), 1, Timestamp(Milliseconds(10))));
}

TEST(MakeCredential, KeepsOnlyTheHash) {
  const auto credential = make_credential("admin", "some key", Timestamp());
  EXPECT_EQ(credential.name, "admin");
  EXPECT_NE(credential.key_hash, (std::array<std::uint8_t, 32>{}));
}

}  // namespace
}  // namespace posthorn::access
