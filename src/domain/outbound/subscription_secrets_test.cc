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
  secrets.authentication = {EndpointAuthentication::Kind::oauth2,
                            "u",
                            "p",
                            "t",
                            "https://example.com/t",
                            "id",
                            "cs",
                            "a b",
                            EndpointAuthentication::ClientAuthentication::body};
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

TEST(SubscriptionSecrets, KeepOneOlderSecretDuringARotation) {
  const Timestamp now{std::chrono::seconds(1'700'000'000)};
  SubscriptionSecrets secrets;
  secrets.current = "first";
  secrets.ed25519_seed = std::string(32, 's');
  const auto second = rotated(secrets, "second", now, now + 1h);
  EXPECT_EQ(second.current, "second");
  EXPECT_EQ(second.previous, "first");
  EXPECT_EQ(second.previous_until, now + 1h);
  EXPECT_EQ(second.ed25519_seed, secrets.ed25519_seed);
  const auto third = rotated(second, "third", now + 1min, now + 2h);
  EXPECT_EQ(third.previous, "second") << "the first one signs no more, although its time was not over";
  EXPECT_EQ(third.previous_until, now + 2h);
  const auto fourth = rotated(third, "fourth", now, now);
  EXPECT_EQ(fourth.current, "fourth");
  EXPECT_EQ(fourth.previous, "");
  EXPECT_EQ(fourth.previous_until, Timestamp());
}

}  // namespace
}  // namespace posthorn::domain
