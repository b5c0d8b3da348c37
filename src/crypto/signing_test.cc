#include "crypto/signing.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posthorn::crypto {
namespace {

std::string hex(std::string_view text) { return hex_decode(text).value(); }

TEST(Es256, VerifiesWhatItSigned) {
  const PrivateKey key = PrivateKey::generate();
  const std::string signature = key.sign("message");
  ASSERT_EQ(signature.size(), 64u);
  EXPECT_TRUE(key.public_key().verify("message", signature));
  EXPECT_FALSE(key.public_key().verify("messagf", signature));
  EXPECT_FALSE(PrivateKey::generate().public_key().verify("message", signature));
  for (std::size_t i = 0; i < signature.size(); i += 7) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.public_key().verify("message", changed));
  }
}

TEST(Es256, TakesOnlyRawSignaturesOfTheRightLength) {
  const PrivateKey key = PrivateKey::generate();
  const std::string signature = key.sign("message");
  const std::string der = hex("3045022100") + signature.substr(0, 32) + hex("0220") + signature.substr(32);
  for (const std::string& wrong : {std::string(), std::string(64, '\0'), std::string(64, '\xff'), signature + "x", der,
                                   signature.substr(0, 63), std::string(32, '\0') + signature.substr(32)}) {
    EXPECT_FALSE(key.public_key().verify("message", wrong)) << wrong.size();
  }
}

// RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
TEST(Es256, AgreesWithThePublishedVector) {
  const auto key = PublicKey::es256(hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"),
                                    hex("7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify("sample", hex("efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                                        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8")));
}

TEST(Es256, KeysSurviveTheWayThroughTheStore) {
  const PrivateKey key = PrivateKey::generate();
  const auto again = PrivateKey::from_der(key.to_der());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->point().x, key.point().x);
  EXPECT_TRUE(key.public_key().verify("m", again->sign("m")));
  for (const std::string& text : {std::string(), std::string("x"), key.to_der().substr(1), std::string(121, '0')}) {
    EXPECT_FALSE(PrivateKey::from_der(text));
  }
}

TEST(Es256, RefusesPointsThatAreNotOnTheCurve) {
  const auto point = PrivateKey::generate().point();
  std::string off = point.y;
  off[31] = static_cast<char>(off[31] ^ 1);
  EXPECT_FALSE(PublicKey::es256(point.x, off));
  EXPECT_FALSE(PublicKey::es256(point.x, point.y + "x"));
  EXPECT_FALSE(PublicKey::es256(std::string(32, '\0'), std::string(32, '\0')));
}

// RFC 8032, 7.1, test 2.
TEST(EdDsa, AgreesWithThePublishedVector) {
  const auto key = PublicKey::eddsa(hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  ASSERT_TRUE(key);
  const std::string signature =
      hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(key->verify("r", signature));
  EXPECT_FALSE(key->verify("s", signature));
  EXPECT_FALSE(key->verify("r", signature.substr(1)));
  EXPECT_FALSE(PublicKey::eddsa("short"));
}

TEST(Rs256, RefusesKeysThatAreWeakOrHuge) {
  const std::string modulus = "\x80" + std::string(254, '\x01') + "\x01";
  const std::string exponent("\x01\x00\x01", 3);
  EXPECT_TRUE(PublicKey::rs256(modulus, exponent));
  EXPECT_FALSE(PublicKey::rs256(modulus.substr(1), exponent));
  EXPECT_FALSE(PublicKey::rs256(std::string(2000, '\x7f'), exponent));
  EXPECT_FALSE(PublicKey::rs256(modulus, "\x01"));
  EXPECT_FALSE(PublicKey::rs256(modulus, "\x04"));
  EXPECT_FALSE(PublicKey::rs256(modulus, std::string(9, '\x01')));
  EXPECT_FALSE(PublicKey::rs256("", ""));
  EXPECT_FALSE(PublicKey::rs256(modulus, exponent)->verify("m", std::string(256, '\0')));
}

}  // namespace
}  // namespace posthorn::crypto
