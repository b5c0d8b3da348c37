#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {
namespace {

const std::string kOldKey(32, 'o');
const std::string kNewKey(32, 'n');

void expect_closed(const Result<std::string>& opened) {
  ASSERT_FALSE(opened) << "opened as " << *opened;
  EXPECT_EQ(opened.error().kind, ErrorKind::internal);
  EXPECT_EQ(opened.error().code, "cannot_unseal");
}

TEST(Sealer, OpensWhatItSealed) {
  const Sealer sealer({{7, kNewKey}});
  for (const auto& plain : {std::string(), std::string("x"), std::string("a\0b", 3), random_bytes(100'000)}) {
    for (const std::string_view context : {"", "subscription 42"}) {
      const std::string sealed = sealer.seal(plain, context);
      EXPECT_EQ(sealed.size(), 1 + 4 + 12 + plain.size() + 16);
      EXPECT_EQ(sealed.substr(0, 5), std::string("\x01\0\0\0\x07", 5));
      const auto opened = sealer.open(sealed, context);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(*opened, plain);
    }
  }
}

TEST(Sealer, SaysWhichKeySealedAValue) {
  const std::string sealed = Sealer({{0x89abcdef, kNewKey}}).seal("secret", "row");
  EXPECT_EQ(Sealer::key_of(sealed), 0x89abcdefU);
  EXPECT_EQ(Sealer::key_of(""), std::nullopt);
  EXPECT_EQ(Sealer::key_of(sealed.substr(0, 20)), std::nullopt);
  EXPECT_EQ(Sealer::key_of("\x02" + sealed.substr(1)), std::nullopt);
}

TEST(Sealer, NeverSealsTheSameTextTheSameWay) {
  const Sealer sealer({{1, kNewKey}});
  const std::string first = sealer.seal("secret", "row");
  const std::string second = sealer.seal("secret", "row");
  EXPECT_NE(first, second);
  EXPECT_NE(first.substr(5, 12), second.substr(5, 12)) << "the nonce repeats";
  EXPECT_EQ(first.find("secret"), std::string::npos);
}

// Made with another implementation of AES-256-GCM (Python's cryptography): key 32 times 'n', nonce 00..0b,
// additional text = version and key id, then "row 1"; plain "whsec_example".
TEST(Sealer, OpensWhatAnotherImplementationSealed) {
  const Sealer sealer({{1, kNewKey}});
  const auto sealed =
      hex_decode("0100000001000102030405060708090a0bffd4b8ef9192e4a7770a00affee449e8344b9ccd91641e00e8bd545cc3");
  ASSERT_TRUE(sealed);
  const auto opened = sealer.open(*sealed, "row 1");
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, "whsec_example");
}

TEST(Sealer, RefusesEveryFlippedBit) {
  const Sealer sealer({{7, kNewKey}, {6, kOldKey}});  // 7 and 6 differ in one bit: the other key is tried and fails too
  const std::string sealed = sealer.seal("a secret text", "subscription 42");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = sealed;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      SCOPED_TRACE("byte " + std::to_string(at) + " bit " + std::to_string(bit));
      expect_closed(sealer.open(damaged, "subscription 42"));
    }
  }
  EXPECT_EQ(sealer.open(sealed, "subscription 42").value(), "a secret text");
}

TEST(Sealer, RefusesEveryTruncationAndWhatIsAppended) {
  const Sealer sealer({{7, kNewKey}});
  const std::string sealed = sealer.seal("secret", "row");
  for (std::size_t size = 0; size < sealed.size(); ++size) expect_closed(sealer.open(sealed.substr(0, size), "row"));
  expect_closed(sealer.open(sealed + "x", "row"));
  expect_closed(sealer.open("x" + sealed, "row"));
}

TEST(Sealer, RefusesAnotherContext) {
  const Sealer sealer({{7, kNewKey}});
  const std::string sealed = sealer.seal("secret", "subscription 42");
  for (const std::string_view context : {"", "subscription 43", "subscription 4", "subscription 42 "}) {
    expect_closed(sealer.open(sealed, context));
  }
  EXPECT_TRUE(sealer.open(sealed, "subscription 42"));
}

TEST(Sealer, OpensOldRowsAfterTheKeyChangedAndSealsWithTheFirst) {
  const std::string old_row = Sealer({{1, kOldKey}}).seal("secret", "row");
  const Sealer both({{2, kNewKey}, {1, kOldKey}});
  EXPECT_EQ(both.open(old_row, "row").value(), "secret");
  const std::string new_row = both.seal("secret", "row");
  EXPECT_EQ(Sealer({{2, kNewKey}}).open(new_row, "row").value(), "secret");
  expect_closed(Sealer({{2, kNewKey}}).open(old_row, "row"));
  expect_closed(Sealer({{1, kNewKey}}).open(old_row, "row"));
}

TEST(SealerDeathTest, RefusesToExistWithoutAProperKey) {
  EXPECT_DEATH(Sealer({}), "broken invariant");
  EXPECT_DEATH(Sealer({{1, "short"}}), "broken invariant");
}

}  // namespace
}  // namespace posthorn::crypto
