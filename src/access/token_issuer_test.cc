#include "access/token_issuer.h"

#include "access/access_for_tests.h"
#include "jwt/check.h"
#include "jwt/token.h"

namespace posthorn::access {
namespace {

using domain::AccountKind;
using domain::Role;

class TokenIssuerTest : public AccessFixture {
 protected:
  void SetUp() override {
    AccessFixture::SetUp();
    run([this]() -> net::Task<> { EXPECT_TRUE(co_await keys_.maintain(*session_)); });
    client_ = make(accounts_, AccountKind::client, {}, {Role::publisher, Role::viewer});
    id_ = to_text(client_.account->id);
  }

  std::string code(const TokenRequest& request) {
    const auto issued = tokens_.issue(request);
    return issued ? "issued: " + issued->scope : std::string(issued.error().code);
  }

  Accounts accounts_{clock_, ids_};
  SigningKeys keys_{clock_, sealer_};
  TokenIssuer tokens_{accounts_, keys_, clock_, "https://posthorn.example"};
  Accounts::Made client_;
  std::string id_;
};

TEST_F(TokenIssuerTest, SignsWhatTheBookAsksFor) {
  const auto issued = tokens_.issue({id_, client_.secret});
  ASSERT_TRUE(issued);
  EXPECT_EQ(issued->lifetime, kTokenLifetime);
  EXPECT_EQ(issued->scope, "publisher viewer");
  const auto token = jwt::parse_token(issued->token);
  ASSERT_TRUE(token);
  const jwt::Expectation expected{
      "https://posthorn.example", {"https://posthorn.example"}, {crypto::SignatureAlgorithm::es256}, "at+jwt"};
  EXPECT_TRUE(jwt::check_claims(*token, expected, clock_.wall_now()));
  EXPECT_TRUE(jwt::check_signature(*token, *keys_.keys()));
  EXPECT_EQ(token->claims.subject, id_);
  EXPECT_FALSE(token->claims.id.empty());
  EXPECT_EQ(*token->claims.expires - *token->claims.issued, kTokenLifetime);
}

TEST_F(TokenIssuerTest, NarrowsByTheScope) {
  EXPECT_EQ(code({id_, client_.secret, ""}), "issued: publisher viewer");
  EXPECT_EQ(code({id_, client_.secret, "viewer"}), "issued: viewer");
  EXPECT_EQ(code({id_, client_.secret, "viewer  publisher"}), "issued: publisher viewer");
  EXPECT_EQ(code({id_, client_.secret, "https://graph.example/.default"}), "issued: publisher viewer");
  EXPECT_EQ(code({id_, client_.secret, "admin"}), "invalid_scope");
  EXPECT_EQ(code({id_, client_.secret, "viewer admin"}), "invalid_scope");
  EXPECT_EQ(code({id_, client_.secret, "viewer /.default"}), "invalid_scope");
  EXPECT_EQ(code({id_, client_.secret, std::string(kScopeBytesMax + 1, 'x')}), "invalid_scope");
}

TEST_F(TokenIssuerTest, RefusesWithTheSameWordsWhateverIsWrong) {
  const auto key = make(accounts_, AccountKind::key, {}, {Role::admin});
  const auto other = make(accounts_, AccountKind::client, {}, {Role::admin});
  const auto old = make(accounts_, AccountKind::client, {}, {Role::admin}, clock_.wall_now());
  const std::string key_id = to_text(key.account->id);
  const std::string old_id = to_text(old.account->id);
  const std::string unknown = to_text(ids_.next<AccountId>());
  const auto words = tokens_.issue({id_, "wrong"}).error().message;
  for (const TokenRequest& request : std::vector<TokenRequest>{{unknown, client_.secret},
                                                               {"", client_.secret},
                                                               {"nobody", "x"},
                                                               {id_, ""},
                                                               {id_, other.secret},
                                                               {key_id, key.secret},
                                                               {old_id, old.secret},
                                                               {id_, std::string_view(client_.secret).substr(1)}}) {
    const auto refused = tokens_.issue(request);
    ASSERT_FALSE(refused) << request.client_id;
    EXPECT_EQ(refused.error().code, "invalid_client");
    EXPECT_EQ(refused.error().message, words);
  }
}

TEST_F(TokenIssuerTest, TakesTheOldSecretDuringTheOverlapOnly) {
  Accounts::Made rotated;
  run([&]() -> net::Task<> {
    rotated = std::move(co_await accounts_.rotate(*session_, client_.account, std::chrono::hours(1), store::Author())).value();
  });
  EXPECT_EQ(code({id_, client_.secret, "viewer"}), "issued: viewer");
  EXPECT_EQ(code({id_, rotated.secret, "viewer"}), "issued: viewer");
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(code({id_, client_.secret}), "invalid_client");
  EXPECT_EQ(code({id_, rotated.secret, "viewer"}), "issued: viewer");
}

TEST_F(TokenIssuerTest, BoundsTheRateOfAnAddressAndRecovers) {
  for (std::uint32_t i = 0; i < kTokenFailuresOfAddress.burst; ++i) {
    ASSERT_EQ(code({"client " + std::to_string(i), "x", "", "192.0.2.1:1"}), "invalid_client") << i;
  }
  const auto refused = tokens_.issue({"another", "x", "", "192.0.2.1:2"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_many_requests);
  EXPECT_GE(refused.error().retry_after, std::chrono::seconds(1));
  EXPECT_EQ(code({"another", "x", "", "192.0.2.9:2"}), "invalid_client");
  clock_.advance(kTokenFailuresOfAddress.refill);
  EXPECT_EQ(code({id_, client_.secret, "", "192.0.2.1:1"}), "issued: publisher viewer");
}

TEST_F(TokenIssuerTest, BoundsTheRateOfAClientFromManyAddressesButNotOfWhoCameInBefore) {
  ASSERT_EQ(code({id_, client_.secret, "", "198.51.100.1:1"}), "issued: publisher viewer");
  for (std::uint32_t i = 0; i < kTokenFailuresOfClient.burst; ++i) {
    ASSERT_EQ(code({id_, "guess", "", "203.0.113." + std::to_string(i) + ":1"}), "invalid_client") << i;
  }
  EXPECT_EQ(code({id_, "guess", "", "203.0.113.200:1"}), "too_many_requests");
  EXPECT_EQ(code({id_, client_.secret, "", "203.0.113.201:1"}), "too_many_requests");  // it is not even looked at
  EXPECT_EQ(code({id_, client_.secret, "", "198.51.100.1:9"}), "issued: publisher viewer");
  EXPECT_EQ(code({"unknown", "guess", "", "203.0.113.202:1"}), "invalid_client");
}

TEST_F(TokenIssuerTest, AnUnknownClientIsBoundedLikeAKnownOne) {
  for (std::uint32_t i = 0; i < kTokenFailuresOfClient.burst; ++i) {
    ASSERT_EQ(code({"nobody", "guess", "", "203.0.113." + std::to_string(i) + ":1"}), "invalid_client") << i;
  }
  EXPECT_EQ(code({"nobody", "guess", "", "203.0.113.200:1"}), "too_many_requests");
}

TEST_F(TokenIssuerTest, NotesTheUse) {
  ASSERT_TRUE(tokens_.issue({id_, client_.secret}));
  EXPECT_EQ(accounts_.last_used(client_.account->id.key), clock_.wall_now());
}

}  // namespace
}  // namespace posthorn::access
