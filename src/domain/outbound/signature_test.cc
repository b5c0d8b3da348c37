#include "domain/outbound/signature.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "crypto/signing.h"

namespace posthorn::domain {
namespace {

using enum SignatureScheme;

// The vector of the Standard Webhooks libraries.
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string kBody = R"({"test": 2432232314})";
const Timestamp kTime{std::chrono::seconds(1614265330)};
const std::string kNewSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

SubscriptionSettings signed_by(std::vector<SignatureScheme> schemes) {
  SubscriptionSettings settings;
  settings.signatures = std::move(schemes);
  return settings;
}

SubscriptionSecrets with(std::string current) {
  SubscriptionSecrets secrets;
  secrets.current = std::move(current);
  return secrets;
}

// kSecret was replaced by kNewSecret; both are good until kTime.
SubscriptionSecrets in_rotation() {
  SubscriptionSecrets secrets = with(kNewSecret);
  secrets.previous = kSecret;
  secrets.previous_until = kTime + 1ms;
  return secrets;
}

// The lines behind webhook-id and webhook-timestamp.
std::string signature_lines(const SubscriptionSettings& settings, const SubscriptionSecrets& secrets,
                            const std::string& body = kBody, Timestamp now = kTime) {
  Signer signer(settings, secrets);
  std::string lines;
  signer.append_headers(lines, kId, now, body);
  const std::string start = "webhook-id: " + kId + "\r\nwebhook-timestamp: 1614265330\r\n";
  EXPECT_TRUE(lines.starts_with(start)) << lines;
  return lines.substr(std::min(start.size(), lines.size()));
}

TEST(Signer, MakesThePublishedStandardWebhooksSignature) {
  EXPECT_EQ(signature_lines(signed_by({v1}), with(kSecret)),
            "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n");
}

TEST(Signer, WithoutASchemeStillNamesTheEvent) { EXPECT_EQ(signature_lines(signed_by({}), with(kSecret)), ""); }

TEST(Signer, MakesThePublishedGitHubSignatures) {
  EXPECT_EQ(signature_lines(signed_by({hub_sha256}), with("It's a Secret to Everybody"), "Hello, World!"),
            "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n");
  EXPECT_EQ(signature_lines(signed_by({hub_sha256}), with("secret"), "data"),
            "X-Hub-Signature-256: sha256=1b2c16b75bd2a870c114153ccda5bcfca63314bc722fa160d690de133ccbb9db\r\n");
}

// Expected values of the next two were computed with another implementation of HMAC.
TEST(Signer, SignsInEachScheme) {
  const std::pair<SignatureScheme, std::string> table[] = {
      {ol_sha256, "x-ol-signature: v1,gOyKic480iEzoQZsrstNBP6nRnZXyFFNcX7ELDilyUw=\r\n"},
      {ol_sha512,
       "x-ol-signature: v1,Kbc18waUu1fHZ7CX/JhABimboKE2QL84cN9sNthlV1pcyToeUFxEVuDUCXQODPxtIgm9AXsj2RHOLXBWGM24Tw==\r\n"},
      {hub_sha256, "X-Hub-Signature-256: sha256=80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c\r\n"},
      {timestamped, "Posthorn-Signature: t=1614265330,v1=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964\r\n"},
      {secret, "X-Webhook-Secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n"},
  };
  for (const auto& [scheme, expected] : table) {
    EXPECT_EQ(signature_lines(signed_by({scheme}), with(kSecret)), expected) << to_text(scheme);
  }
}

TEST(Signer, SignsWithBothSecretsDuringARotationWhereTheHeaderHasRoom) {
  const std::pair<SignatureScheme, std::string> table[] = {
      {v1,
       "webhook-signature: v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44= "
       "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n"},
      {ol_sha256,
       "x-ol-signature: v1,gOyKic480iEzoQZsrstNBP6nRnZXyFFNcX7ELDilyUw= v1a,/EBkn4DtLWSqH3F2iwDIfg23BmMAWskQ90HClu/zvjI=\r\n"},
      {ol_sha512,
       "x-ol-signature: v1,Kbc18waUu1fHZ7CX/JhABimboKE2QL84cN9sNthlV1pcyToeUFxEVuDUCXQODPxtIgm9AXsj2RHOLXBWGM24Tw== "
       "v1a,3QF7mcx/SHg3D8M6O+trKmXvW82Gh9v82mtp8TzVeQlNUu1C1HD4kcaIpRORYoiHTiZfje3Z+31pFZ8qvLFwdw==\r\n"},
      {hub_sha256, "X-Hub-Signature-256: sha256=80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c\r\n"},
      {timestamped,
       "Posthorn-Signature: "
       "t=1614265330,v1=95d993ff26ccd698cc4b6d4f2349bddca4f491f3067821823cd5b804f3aef1b6,v1="
       "2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964\r\n"},
      {secret, "X-Webhook-Secret: " + kSecret + "\r\n"},
  };
  for (const auto& [scheme, expected] : table) {
    EXPECT_EQ(signature_lines(signed_by({scheme}), in_rotation()), expected) << to_text(scheme);
  }
}

TEST(Signer, SignsWithTheNewSecretAloneFromTheMomentThatTheOverlapEnds) {
  auto secrets = in_rotation();
  secrets.previous_until = kTime;
  for (const auto scheme : {v1, ol_sha256, ol_sha512, hub_sha256, timestamped, SignatureScheme::secret}) {
    EXPECT_EQ(signature_lines(signed_by({scheme}), secrets), signature_lines(signed_by({scheme}), with(kNewSecret)))
        << to_text(scheme);
  }
}

TEST(Signer, PassesFromOneSecretToTheNextWhileItLives) {
  Signer signer(signed_by({v1, SignatureScheme::secret}), in_rotation());
  const auto signatures_at = [&](Timestamp now) {
    std::string lines;
    signer.append_headers(lines, kId, now, kBody);
    return std::count(lines.begin(), lines.end(), ',');
  };
  EXPECT_EQ(signatures_at(kTime), 2);
  EXPECT_EQ(signer.plain_secret(kTime), kSecret);
  EXPECT_EQ(signatures_at(kTime + 1ms), 1);
  EXPECT_EQ(signer.plain_secret(kTime + 1ms), kNewSecret);
  EXPECT_EQ(signatures_at(kTime), 2) << "the wall clock decides, also when it is set back";
}

TEST(Signer, SignsWithTheSubscriptionsOwnKeyPair) {
  auto secrets = with(kSecret);
  secrets.ed25519_seed = std::string(32, 'k');
  const std::string key_text = public_key_text(secrets);
  ASSERT_TRUE(key_text.starts_with("whpk_"));
  const std::string public_key = *base64_decode(key_text.substr(5));

  const std::string line = signature_lines(signed_by({v1a}), secrets);
  const std::string start = "webhook-signature: v1a,";
  ASSERT_TRUE(line.starts_with(start)) << line;
  const auto signature = base64_decode(line.substr(start.size(), line.size() - start.size() - 2));
  ASSERT_TRUE(signature);
  const auto verifier = crypto::PublicKey::eddsa(public_key);
  ASSERT_TRUE(verifier);
  EXPECT_TRUE(verifier->verify(kId + ".1614265330." + kBody, *signature));
  EXPECT_FALSE(verifier->verify(kId + ".1614265331." + kBody, *signature));

  EXPECT_EQ(signature_lines(signed_by({v1a, v1}), secrets),
            "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= " + line.substr(19));
  EXPECT_EQ(public_key_text(with(kSecret)), "");
}

TEST(Signer, WritesSeveralSchemesUnderTheNamesThatTheSubscriptionGives) {
  SubscriptionSettings settings = signed_by({v1, hub_sha256, timestamped, SignatureScheme::secret});
  settings.signature_headers = {{timestamped, "Stripe-Signature"}, {hub_sha256, "X-Hub-Signature"}};
  settings.format = Format::orchestry;
  EXPECT_EQ(signature_lines(settings, with(kSecret)),
            "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n"
            "X-Hub-Signature: sha256=80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c\r\n"
            "Stripe-Signature: t=1614265330,v1=2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964\r\n"
            "X-Orchestry-Secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n");
}

TEST(Signer, ShowsTheSecretOnlyWhenThatWasChosen) {
  EXPECT_EQ(Signer(signed_by({v1, timestamped}), with(kSecret)).plain_secret(kTime), "");
  EXPECT_EQ(Signer(signed_by({SignatureScheme::secret}), with(kSecret)).plain_secret(kTime), kSecret);
}

TEST(SignatureScheme, HasAWordForEach) {
  for (const auto scheme : {v1, v1a, ol_sha256, ol_sha512, hub_sha256, timestamped, SignatureScheme::secret}) {
    EXPECT_EQ(parse_signature_scheme(to_text(scheme)), scheme);
  }
  EXPECT_EQ(parse_signature_scheme("v2"), std::nullopt);
}

TEST(Verify, RefusesWhateverWasChanged) {
  const std::string good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
  struct Case {
    std::string secret, id, timestamp, header, body;
    int seconds_later;
    SignatureVerdict expected;
  };
  using enum SignatureVerdict;
  const Case table[] = {
      {kSecret, kId, "1614265330", good, kBody, 0, valid},
      {kSecret, kId, "1614265330", "v1,AAAA v1a,xyz " + good, kBody, 0, valid},
      {kSecret, kId, "1614265330", good, kBody, 300, valid},
      {kSecret, kId, "1614265330", good, kBody, 301, too_old},
      {kSecret, kId, "1614265330", good, kBody, -301, too_new},
      {kSecret, kId, "1614265331", good, kBody, 0, wrong},
      {kSecret, "msg_other", "1614265330", good, kBody, 0, wrong},
      {kSecret, kId, "1614265330", good, kBody + " ", 0, wrong},
      {"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", kId, "1614265330", good, kBody, 0, wrong},
      {kSecret, kId, "1614265330", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", kBody, 0, wrong},
      {kSecret, kId, "1614265330", "v1,a v1,b v1,c v1,d v1,e " + good, kBody, 0, wrong},  // five are tried, no more
      {kSecret, kId, "soon", good, kBody, 0, malformed},
      {kSecret, "", "1614265330", good, kBody, 0, missing},
      {kSecret, kId, "", good, kBody, 0, missing},
      {kSecret, kId, "1614265330", "", kBody, 0, missing},
  };
  for (const auto& c : table) {
    EXPECT_EQ(verify_v1(c.secret, c.id, c.timestamp, c.header, c.body, kTime + std::chrono::seconds(c.seconds_later),
                        std::chrono::seconds(300)),
              c.expected)
        << c.header << " " << c.seconds_later;
  }
}

}  // namespace
}  // namespace posthorn::domain
