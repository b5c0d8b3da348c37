#include "observe/escape.h"

#include <gtest/gtest.h>

#include <limits>

namespace posthorn::observe {
namespace {

std::string escaped(std::string_view text) {
  std::string line;
  append_escaped(line, text);
  return line;
}

TEST(LogEscaping, LeavesOrdinaryTextAlone) {
  EXPECT_EQ(escaped(""), "");
  EXPECT_EQ(escaped("plain text, even / or 'this'"), "plain text, even / or 'this'");
  EXPECT_EQ(escaped("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80"), "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(LogEscaping, WritesControlCharactersAsEscapes) {
  const std::pair<std::string, std::string> cases[] = {
      {"a\nb", "a\\nb"},
      {"a\r\nb", "a\\r\\nb"},
      {"a\tb", "a\\tb"},
      {std::string("a\0b", 3), "a\\u0000b"},
      {"\x1b[31mred", "\\u001b[31mred"},
      {"\x7f", "\\u007f"},
      {"\xc2\x85", "\\u0085"},  // next line
      {"\xc2\x9b"
       "31m",
       "\\u009b31m"},  // the one-character form of ESC [
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
      {"\xe2\x80\xae"
       "gpj",
       "\\u202egpj"},  // right-to-left override
      {"\xe2\x81\xa6", "\\u2066"},
      {"\xd8\x9c", "\\u061c"},
      {"say \"hi\"", "say \\\"hi\\\""},
      {"C:\\n", "C:\\\\n"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(escaped(text), expected);
}

TEST(LogEscaping, ReplacesBytesThatAreNotUtf8) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(escaped("a\xff"
                    "b"),
            "a" + mark + "b");
  EXPECT_EQ(escaped("\xc3"), mark);
  EXPECT_EQ(escaped("\xe2\x82"), mark + mark);
  EXPECT_EQ(escaped("\xc0\x8a"), mark + mark) << "an overlong line feed is no line feed";
  EXPECT_EQ(escaped("\xed\xa0\x80"), mark + mark + mark);
  EXPECT_EQ(escaped("\xf0\x9f\x98\n"), mark + mark + mark + "\\n");
}

TEST(JsonLine, HasTheMessageAndItsFields) {
  EXPECT_EQ(json_members("started", {}), R"("message":"started")");
  EXPECT_EQ(json_members("delivered", {{"status", 200}, {"seconds", 0.25}, {"url", "http://x/\"y\""}, {"last", true}}),
            R"("message":"delivered","status":200,"seconds":0.25,"url":"http://x/\"y\"","last":1)");
  EXPECT_EQ(json_members("n", {{"min", std::numeric_limits<std::int64_t>::min()}, {"big", 1e300}}),
            R"("message":"n","min":-9223372036854775808,"big":1e+300)");
}

TEST(JsonLine, StaysJsonForEveryNumberAndName) {
  EXPECT_EQ(
      json_members("n", {{"nan", std::numeric_limits<double>::quiet_NaN()}, {"inf", std::numeric_limits<double>::infinity()}}),
      R"("message":"n","nan":null,"inf":null)");
  EXPECT_EQ(json_members("n", {{"time", 1}, {"level", 2}, {"message", 3}, {"a\"b\n", 4}}),
            R"("message":"n","time_":1,"level_":2,"message_":3,"a\"b\n":4)");
}

TEST(TextLine, QuotesValuesThatAreNotOneWord) {
  EXPECT_EQ(plain_line("started", {}), "started");
  EXPECT_EQ(
      plain_line("delivered", {{"status", 200}, {"url", "http://x/?y"}, {"why", "two words"}, {"empty", ""}, {"eq", "a=b"}}),
      R"(delivered status=200 url=http://x/?y why="two words" empty="" eq="a=b")");
  EXPECT_EQ(plain_line("line\nbreak", {{"v", "x\nlevel=error"}}), R"(line\nbreak v="x\nlevel=error")");
}

}  // namespace
}  // namespace posthorn::observe
