#include "domain/outbound/signature.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

// The vector of the Standard Webhooks libraries.
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const std::string kBody = R"({"test": 2432232314})";
const Timestamp kTime{std::chrono::seconds(1614265330)};

TEST(Signer, MakesThePublishedStandardWebhooksSignature) {
  Signer signer({SignatureScheme::v1}, {kSecret});
  std::string lines;
  signer.append_headers(lines, kId, kTime, kBody);
  EXPECT_EQ(lines,
            "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\n"
            "webhook-timestamp: 1614265330\r\n"
            "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\r\n");
}

TEST(Signer, SignsWithEverySecretDuringARotation) {
  Signer signer({SignatureScheme::v1}, {kSecret, "plain text secret"});
  std::string lines;
  signer.append_headers(lines, kId, kTime, kBody);
  const auto start = lines.find("webhook-signature: ") + 19;
  const std::string header = lines.substr(start, lines.size() - start - 2);
  for (const auto& secret : {kSecret, std::string("plain text secret")}) {
    EXPECT_EQ(verify_v1(secret, kId, "1614265330", header, kBody, kTime, std::chrono::seconds(300)), SignatureVerdict::valid);
  }
}

TEST(Signer, WithoutASchemeStillNamesTheEvent) {
  Signer signer({}, {kSecret});
  std::string lines;
  signer.append_headers(lines, kId, kTime, kBody);
  EXPECT_EQ(lines, "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\r\nwebhook-timestamp: 1614265330\r\n");
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
