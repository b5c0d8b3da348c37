#include "jwt/token.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace posthorn::jwt {
namespace {

Checked<Token> parsed(std::string& text, std::string_view header, std::string_view claims) {
  text = base64url_encode(header) + '.' + base64url_encode(claims) + ".c2ln";
  return parse_token(text);
}

TEST(ParseToken, ReadsHeaderAndClaims) {
  std::string text;
  const auto token = parsed(text, R"({"alg":"EdDSA","kid":"k","typ":"application/AT+jwt","x":{}})",
                            R"({"iss":"i","sub":"s","aud":["a","b"],"exp":10.25,"nbf":2,"iat":3,"jti":"j","roles":["x"]})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->algorithm, crypto::SignatureAlgorithm::eddsa);
  EXPECT_EQ(token->key_id, "k");
  EXPECT_EQ(token->type, "at+jwt");
  EXPECT_EQ(token->signature, "sig");
  EXPECT_EQ(token->signed_part, text.substr(0, text.rfind('.')));
  const Claims& claims = token->claims;
  EXPECT_EQ(claims.issuer, "i");
  EXPECT_EQ(claims.subject, "s");
  EXPECT_EQ(claims.id, "j");
  EXPECT_EQ(claims.audiences, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(claims.expires, Timestamp(Milliseconds(10'250)));
  EXPECT_EQ(claims.not_before, Timestamp(Milliseconds(2'000)));
  EXPECT_EQ(claims.issued, Timestamp(Milliseconds(3'000)));
  EXPECT_TRUE(claims.all.contains("roles"));
}

TEST(ParseToken, BoundsListsAndTexts) {
  std::string text;
  std::string audiences = "\"a\"";
  for (std::size_t i = 1; i < kAudiencesMax; ++i) audiences += ",\"a\"";
  EXPECT_TRUE(parsed(text, R"({"alg":"ES256"})", "{\"aud\":[" + audiences + "]}"));
  EXPECT_EQ(parsed(text, R"({"alg":"ES256"})", "{\"aud\":[" + audiences + ",\"b\"]}").error(), Fault::bad_claim);
  EXPECT_EQ(parsed(text, R"({"alg":"ES256"})", "{\"sub\":\"" + std::string(2000, 'x') + "\"}").error(), Fault::bad_claim);
}

TEST(SignToken, NamesItsKeyAndType) {
  const auto key = crypto::PrivateKey::generate();
  const std::string text = sign_token(boost::json::parse(R"({"iss":"i","sub":"s"})").get_object(), "one", key);
  const auto token = parse_token(text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->key_id, "one");
  EXPECT_EQ(token->type, "at+jwt");
  EXPECT_TRUE(key.public_key().verify(token->signed_part, token->signature));
}

}  // namespace
}  // namespace posthorn::jwt
