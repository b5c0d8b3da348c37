#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {
namespace {

template <class Digest>
std::string hex(const Digest& digest) {
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}
std::string unhex(std::string_view text) { return hex_decode(text).value(); }

// FIPS 180-4 examples, as NIST publishes them.
TEST(Sha256Digest, MatchesTheStandardsExamples) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256StreamDigest, IsTheSameHoweverTheBytesAreCut) {
  const std::string text = random_bytes(1000);
  for (const std::size_t piece : {1U, 7U, 63U, 64U, 65U, 999U, 1000U}) {
    Sha256Stream stream;
    for (std::size_t at = 0; at < text.size(); at += piece) stream.update(std::string_view(text).substr(at, piece));
    EXPECT_EQ(hex(stream.finish()), hex(sha256(text))) << "pieces of " << piece;
  }
}

TEST(Sha256StreamDigest, StartsAnewAfterFinish) {
  Sha256Stream stream;
  stream.update("something else");
  (void)stream.finish();
  stream.update("abc");
  EXPECT_EQ(hex(stream.finish()), hex(sha256("abc")));
  EXPECT_EQ(hex(stream.finish()), hex(sha256("")));
}

// RFC 4231, test cases 1 to 4, 6 and 7 (5 truncates its output).
TEST(HmacSha256Signature, MatchesRfc4231) {
  struct Case {
    std::string key, data, expected;
  };
  const Case cases[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {unhex("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& c : cases) EXPECT_EQ(hex(HmacSha256(c.key).sign({c.data})), c.expected) << c.data;
}

TEST(HmacSha256Signature, SignsPartsAsOneTextAndMessagesIndependently) {
  HmacSha256 hmac("Jefe");
  const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  EXPECT_EQ(hex(hmac.sign({"what do ya ", "", "want for ", "nothing?"})), expected);
  EXPECT_NE(hex(hmac.sign({"another message"})), expected);
  EXPECT_EQ(hex(hmac.sign({"what do ya want for nothing?"})), expected);
  HmacSha256 moved = std::move(hmac);
  EXPECT_EQ(hex(moved.sign({"what do ya want for nothing?"})), expected);
}

TEST(HmacSha256Signature, AcceptsAnEmptyKeyAndAnEmptyMessage) {
  // The well-known HMAC_SHA256("", "").
  EXPECT_EQ(hex(HmacSha256("").sign({})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(hex(HmacSha256(std::string_view()).sign({""})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// RFC 4231, test cases 1, 2 and 6.
TEST(HmacSha512Signature, MatchesRfc4231) {
  EXPECT_EQ(
      hex(HmacSha512(std::string(20, '\x0b')).sign({"Hi There"})),
      "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c20"
      "3a126854");
  HmacSha512 hmac("Jefe");
  const std::string expected =
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a"
      "38bce7"
      "37";
  EXPECT_EQ(hex(hmac.sign({"what do ya want for nothing?"})), expected);
  EXPECT_EQ(hex(hmac.sign({"what do ya ", "want for nothing?"})), expected);
  EXPECT_EQ(
      hex(HmacSha512(std::string(131, '\xaa')).sign({"Test Using Larger Than Block-Size Key - Hash Key First"})),
      "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a98"
      "5d786598");
}

TEST(RandomBytes, HaveTheAskedLengthAndDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string bytes = random_bytes(16);
    EXPECT_EQ(bytes.size(), 16U);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(3'000'000).size(), 3'000'000U);
}

TEST(ConstantTimeEqual, ComparesLengthAndContent) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("secret", "Secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secrets"));
  EXPECT_FALSE(constant_time_equal("", "s"));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace posthorn::crypto
