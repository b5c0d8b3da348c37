#include "domain/outbound/subscription_secrets.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

SubscriptionSecrets full() {
  SubscriptionSecrets secrets;
  secrets.current = "whsec_AAAA";
  secrets.previous = "old \"one\"";
  secrets.previous_until = Timestamp(Milliseconds(1'700'000'000'123));
  secrets.ed25519_seed = std::string("\0\x01\xff", 3);
  secrets.authentication = {EndpointAuthentication::Kind::oauth2, "u", "p", "t", "https://example.com/t", "id", "cs", "a b"};
  secrets.client_certificate = ClientCertificate{"-----BEGIN CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n"};
  secrets.headers = {{"api-key", "k1"}, {"X-Other", "k2"}};
  return secrets;
}

TEST(SubscriptionSecrets, ComeBackAsTheyWere) {
  for (const auto& secrets : {full(), SubscriptionSecrets{}}) {
    const auto decoded = decode_secrets(encode_secrets(secrets));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, secrets);
  }
}

TEST(SubscriptionSecrets, ReadATextAloneAsTheSigningSecret) {
  const auto decoded = decode_secrets("whsec_QUJD");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->current, "whsec_QUJD");
  EXPECT_EQ(decoded->authentication.kind, EndpointAuthentication::Kind::none);
}

TEST(SubscriptionSecrets, RefuseADamagedTextWithoutRepeatingIt) {
  for (const std::string_view text : {R"({"current":5})", R"({"current":"hush)", R"({"headers":["a"]})",
                                      R"({"ed25519Seed":"*"})", R"({"previousUntil":"hush"})", R"({"certificate":"hush"})"}) {
    const auto decoded = decode_secrets(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::internal);
    EXPECT_EQ(decoded.error().message.find("hush"), std::string::npos);
  }
}

}  // namespace
}  // namespace posthorn::domain
