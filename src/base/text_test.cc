#include "base/text.h"

#include <gtest/gtest.h>

namespace posthorn {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

// RFC 4648, section 10.
TEST(Base64, MatchesRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\x00"sv, "AA=="},
      {"\xff\xff\xff"sv, "////"},
      {"\xfb\xef\xbe"sv, "++++"},
  };
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), std::string(bytes)) << text;
  }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const std::string_view text : {
           "Z"sv,        "Zg"sv,    "Zg="sv,     "Zg==="sv, "Zg== "sv, " Zg=="sv, "Zg==\n"sv, "Zm9v\n"sv,
           "Zh=="sv,  // trailing bits that are not zero
           "Zm9="sv,
           "Zm=v"sv,  // padding inside
           "=m9v"sv,     "===="sv,  "Z==="sv,
           "Zg==Zg=="sv,  // two texts
           "Zm-v"sv,      // the URL alphabet
           "Zm_v"sv,     "Zm9\0"sv, "Zm9\xc3"sv,
       }) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
}

TEST(Base64, DecodesWhatItEncodesForEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(base64_decode(base64_encode(bytes.substr(0, size))), bytes.substr(0, size));
  }
}

TEST(Hex, MatchesRfc4648InLowerCase) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "66"}, {"foobar", "666f6f626172"}, {"\x00\x01\xff"sv, "0001ff"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(hex_encode(bytes), text);
    EXPECT_EQ(hex_decode(text), std::string(bytes));
  }
  EXPECT_EQ(hex_decode("aBCd"), "\xab\xcd"s);
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  for (const std::string_view text :
       {"6"sv, "666"sv, "6g"sv, "0x"sv, " 66"sv, "66 "sv, "6\0"sv, "\xc3\xa9"sv, "-1"sv, "@@"sv, "``"sv}) {
    EXPECT_FALSE(hex_decode(text)) << text;
  }
}

// Unicode 15, table 3-7, at its edges.
TEST(Utf8, AcceptsWellFormedText) {
  for (const std::string_view text : {
           ""sv,
           "plain"sv,
           "\0"sv,
           "\x7f"sv,
           "\xc2\x80"sv,
           "\xdf\xbf"sv,
           "\xe0\xa0\x80"sv,
           "\xe0\xbf\xbf"sv,
           "\xe1\x80\x80"sv,
           "\xec\xbf\xbf"sv,
           "\xed\x80\x80"sv,
           "\xed\x9f\xbf"sv,
           "\xee\x80\x80"sv,
           "\xef\xbf\xbf"sv,
           "\xf0\x90\x80\x80"sv,
           "\xf0\xbf\xbf\xbf"sv,
           "\xf3\xbf\xbf\xbf"sv,
           "\xf4\x80\x80\x80"sv,
           "\xf4\x8f\xbf\xbf"sv,
           "Z\xc3\xbcrich \xe2\x82\xac"sv,
       }) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesIllFormedText) {
  for (const std::string_view text : {
           "\x80"sv,  // a continuation alone
           "\xbf"sv,
           "\xc0\x80"sv,  // longer than needed
           "\xc1\xbf"sv,
           "\xe0\x80\x80"sv,
           "\xe0\x9f\xbf"sv,
           "\xf0\x80\x80\x80"sv,
           "\xf0\x8f\xbf\xbf"sv,
           "\xed\xa0\x80"sv,  // surrogates
           "\xed\xbf\xbf"sv,
           "\xf4\x90\x80\x80"sv,  // beyond U+10FFFF
           "\xf5\x80\x80\x80"sv,
           "\xf8\x88\x80\x80\x80"sv,
           "\xfe"sv,
           "\xff"sv,
           "\xc2"sv,  // cut off
           "\xe2\x82"sv,
           "\xf0\x9f\x98"sv,
           "\xc2\x41"sv,
           "\xe2\x82\x41"sv,
           "\xf0\x9f\x98\x41"sv,
           "good\xff"sv,
           "\xffgood"sv,
       }) {
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
  }
}

TEST(AsciiText, LowersAsciiOnly) {
  EXPECT_EQ(to_ascii_lower("Content-TYPE [@Z{]"), "content-type [@z{]");
  EXPECT_EQ(to_ascii_lower("\xc3\x84"), "\xc3\x84");
  EXPECT_TRUE(equals_ignoring_case("X-Request-ID", "x-request-id"));
  EXPECT_FALSE(equals_ignoring_case("abc", "abcd"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
  EXPECT_FALSE(equals_ignoring_case("\xc3\x84", "\xc3\xa4"));
}

TEST(AsciiText, TrimsSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t value with space \t"), "value with space");
  EXPECT_EQ(trim(" \t "), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\rx\n"), "\rx\n");
}

TEST(Base64Url, IsReadStrictlyAndHasNoPadding) {
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64url_encode("a"), "YQ");
  EXPECT_EQ(base64url_encode(""), "");
  for (const std::string_view bytes : {"", "a", "ab", "abc", "\xfb\xff\xfe"}) {
    EXPECT_EQ(base64url_decode(base64url_encode(bytes)), bytes);
  }
  // Padding, the other alphabet, impossible lengths, trailing bits, anything else.
  for (const std::string_view text : {"YQ==", "-_/-", "+__-", "Y", "YWJjY", "YR", "YWK", "Y Q", "YQ\n", "é"}) {
    EXPECT_FALSE(base64url_decode(text)) << text;
  }
}

}  // namespace
}  // namespace posthorn
