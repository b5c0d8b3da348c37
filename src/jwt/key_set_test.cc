#include "jwt/key_set.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posthorn::jwt {
namespace {

using crypto::SignatureAlgorithm;

std::string elliptic(std::string_view rest) {
  const auto point = crypto::PrivateKey::generate().point();
  return R"({"kty":"EC","crv":"P-256","x":")" + base64url_encode(point.x) + R"(","y":")" + base64url_encode(point.y) + '"' +
         std::string(rest) + '}';
}

std::string rsa(std::string_view rest, std::size_t bytes = 256) {
  return R"({"kty":"RSA","n":")" + base64url_encode(std::string(bytes, '\xab')) + R"(","e":"AQAB")" + std::string(rest) + '}';
}

std::string set_of(const std::vector<std::string>& keys) {
  std::string text = R"({"keys":[)";
  for (std::size_t i = 0; i < keys.size(); ++i) text += (i > 0 ? "," : "") + keys[i];
  return text + "]}";
}

TEST(KeySet, KeepsOnlyKeysThatMayVerify) {
  const std::vector<std::pair<std::string, std::size_t>> rows{
      {elliptic(R"(,"kid":"a")"), 1},
      {elliptic(R"(,"use":"sig","alg":"ES256")"), 1},
      {elliptic(R"(,"key_ops":["verify"])"), 1},
      {elliptic(R"(,"use":"enc")"), 0},
      {elliptic(R"(,"key_ops":["sign"])"), 0},
      {elliptic(R"(,"alg":"RS256")"), 0},
      {elliptic(R"(,"kid":")" + std::string(2000, 'k') + '"'), 0},
      {R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", 0},
      {R"({"kty":"EC","crv":"P-521","x":"AA","y":"AA"})", 0},
      {R"({"kty":"oct","k":"c2VjcmV0","alg":"HS256"})", 0},
      {R"({"kty":"OKP","crv":"Ed25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"})", 1},
      {R"({"kty":"OKP","crv":"X25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"})", 0},
      {rsa(""), 1},
      {rsa("", 128), 0},
      {rsa(R"(,"alg":"PS256")"), 0},
      {R"("text")", 0},
      {"{}", 0},
  };
  for (const auto& [key, count] : rows) {
    const auto set = KeySet::parse(set_of({key}));
    ASSERT_TRUE(set) << key;
    EXPECT_EQ(set->size(), count) << key;
  }
}

TEST(KeySet, FindsByIdAndAlgorithmTogether) {
  const auto set = KeySet::parse(set_of({elliptic(R"(,"kid":"a")"), elliptic(R"(,"kid":"b")"), rsa(R"(,"kid":"c")")}));
  ASSERT_TRUE(set);
  EXPECT_NE(set->find("a", SignatureAlgorithm::es256), nullptr);
  EXPECT_NE(set->find("a", SignatureAlgorithm::es256), set->find("b", SignatureAlgorithm::es256));
  EXPECT_EQ(set->find("a", SignatureAlgorithm::rs256), nullptr);
  EXPECT_EQ(set->find("d", SignatureAlgorithm::es256), nullptr);
  EXPECT_EQ(set->find("", SignatureAlgorithm::es256), nullptr);  // two could be meant
  EXPECT_NE(set->find("", SignatureAlgorithm::rs256), nullptr);
  EXPECT_EQ(set->find("", SignatureAlgorithm::eddsa), nullptr);
}

TEST(KeySet, RefusesWhatIsNoKeySet) {
  for (const std::string& text : std::vector<std::string>{"", "[]", "{}", R"({"keys":{}})", R"({"keys":[],"keys":[]})",
                                                          "{\"keys\":[" + std::string(kKeySetBytesMax, ' ') + "]}",
                                                          set_of(std::vector<std::string>(kKeySetKeysMax + 1, "{}"))}) {
    EXPECT_FALSE(KeySet::parse(text)) << text.substr(0, 40);
  }
}

}  // namespace
}  // namespace posthorn::jwt
