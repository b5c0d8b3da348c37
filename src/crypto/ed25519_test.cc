#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/signing.h"

namespace posthorn::crypto {
namespace {

bool verifies(const std::string& public_key, std::string_view message, std::string_view signature) {
  return PublicKey::eddsa(public_key).value().verify(message, signature);
}

std::string unhex(std::string_view text) { return hex_decode(text).value(); }

// RFC 8032, 7.1: tests 1 to 3.
TEST(Ed25519, MatchesRfc8032) {
  struct Case {
    std::string seed, public_key, message, signature;
  };
  const Case cases[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246551414"
       "38e7a"
       "100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291"
       "612bb"
       "0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027bec"
       "eea1e"
       "c40a"},
  };
  for (const auto& c : cases) {
    Ed25519Key key(unhex(c.seed));
    EXPECT_EQ(hex_encode(key.public_key()), c.public_key);
    EXPECT_EQ(hex_encode(key.sign(unhex(c.message))), c.signature);
    EXPECT_EQ(hex_encode(key.sign(unhex(c.message))), c.signature) << "signing leaves nothing behind";
    EXPECT_TRUE(verifies(unhex(c.public_key), unhex(c.message), unhex(c.signature)));
    const Ed25519Key moved = std::move(key);
    EXPECT_EQ(hex_encode(moved.public_key()), c.public_key);
  }
}

TEST(Ed25519, RefusesWhateverWasChanged) {
  const std::string seed = random_bytes(kEd25519SeedBytes);
  const Ed25519Key key(seed);
  const std::string message = "a message";
  const std::string signature = key.sign(message);
  EXPECT_TRUE(verifies(key.public_key(), message, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verifies(key.public_key(), message, changed)) << i;
  }
  EXPECT_FALSE(verifies(key.public_key(), "a message.", signature));
  EXPECT_FALSE(verifies(Ed25519Key(random_bytes(kEd25519SeedBytes)).public_key(), message, signature));
  EXPECT_FALSE(verifies(key.public_key(), message, "short"));
}

}  // namespace
}  // namespace posthorn::crypto
