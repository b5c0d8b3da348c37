#include "api/kit/percent.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

TEST(PercentDecode, DecodesOnce) {
  EXPECT_EQ(*percent_decode(""), "");
  EXPECT_EQ(*percent_decode("plain-._~"), "plain-._~");
  EXPECT_EQ(*percent_decode("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(*percent_decode("%2541"), "%41");
  EXPECT_EQ(*percent_decode("a+b"), "a+b");
  EXPECT_EQ(*percent_decode("%C3%BC"), "ü");
}

TEST(PercentDecode, RefusesHalfEscapesAndWhatIsNotUtf8) {
  for (const std::string text : {"%", "%4", "a%", "%zz", "%4g", "%%41", "%-1", "% 1", "%ff", "%C3", "%ED%A0%80"}) {
    const auto decoded = percent_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::malformed) << text;
  }
}

TEST(ParseQuery, SplitsBeforeItDecodes) {
  const auto pairs = parse_query("a=1&b=%26%3D&c&d=&&e=x=y");
  ASSERT_TRUE(pairs);
  const QueryPairs expected{{"a", "1"}, {"b", "&="}, {"c", ""}, {"d", ""}, {"e", "x=y"}};
  EXPECT_EQ(*pairs, expected);
  EXPECT_TRUE(parse_query("")->empty());
}

TEST(ParseQuery, RefusesAParameterThatIsThereTwice) {
  const auto pairs = parse_query("limit=1&l%69mit=2");
  ASSERT_FALSE(pairs);
  EXPECT_EQ(pairs.error().kind, ErrorKind::invalid_argument);
  EXPECT_EQ(pairs.error().field, "limit");
}

TEST(ParseQuery, RefusesTooManyParameters) {
  std::string query;
  for (int i = 0; i < 17; ++i) query += "p" + std::to_string(i) + "=1&";
  EXPECT_FALSE(parse_query(query));
}

}  // namespace
}  // namespace posthorn::api
