#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "json/reader.h"

namespace posthorn::json {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string nested(std::size_t levels, std::string_view inside = "") {
  return std::string(levels, '[') + std::string(inside) + std::string(levels, ']');
}

// RFC 8259, its grammar and its notes. raw_members() and raw_elements() agree with parse() on each: see raw_test.cc.
TEST(JsonParse, AcceptsJsonTexts) {
  for (const std::string_view text : {
           "{}"sv,
           "[]"sv,
           "null"sv,
           "true"sv,
           "false"sv,
           "0"sv,
           "-0"sv,
           "12"sv,
           "\"\""sv,
           " \t\r\n{ } \n"sv,
           "[1 , 2\n,3]"sv,
           "{\"a\" : 1 , \"b\" : [ ] }"sv,
           "{\"\":0}"sv,
           "1e5"sv,
           "1E+5"sv,
           "1e-5"sv,
           "-1.5e10"sv,
           "0.1"sv,
           "0e1"sv,
           "1e308"sv,
           "1.7976931348623157e308"sv,
           "-1.7976931348623157e308"sv,
           "1e-400"sv,
           "5e-324"sv,
           "9223372036854775807"sv,
           "-9223372036854775808"sv,
           "18446744073709551615"sv,
           "18446744073709551616"sv,
           "\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t\""sv,
           "\"\\u0000\""sv,
           "\"\\u00e9 \\u20AC\""sv,
           "\"\\ud83d\\ude00\""sv,
           "\"\\uD83D\\uDE00\""sv,
           "\"\x7f\""sv,
           "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""sv,
           "\"\xe2\x80\xa8\""sv,
           "\"\xef\xbf\xbf\""sv,
           "\"\xf4\x8f\xbf\xbf\""sv,
           "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"sv,
           "[{\"a\":1},{\"a\":1}]"sv,
       }) {
    const auto value = parse(text);
    EXPECT_TRUE(value) << text << ": " << value.error().message;
  }
}

constexpr std::string_view kNotJson[] = {
    ""sv,
    " "sv,
    "\n"sv,
    "["sv,
    "]"sv,
    "{"sv,
    "}"sv,
    "[}"sv,
    "{]"sv,
    "[1,]"sv,
    "[,1]"sv,
    "[1,,2]"sv,
    "[1 2]"sv,
    "{\"a\":1,}"sv,
    "{,\"a\":1}"sv,
    "{\"a\" 1}"sv,
    "{\"a\":}"sv,
    "{\"a\"}"sv,
    "{a:1}"sv,
    "{'a':1}"sv,
    "{1:1}"sv,
    "{null:1}"sv,
    "{\"a\":1 \"b\":2}"sv,
    "{} {}"sv,
    "1 2"sv,
    "[] x"sv,
    "nul"sv,
    "nulll"sv,
    "Null"sv,
    "TRUE"sv,
    "tru"sv,
    "NaN"sv,
    "Infinity"sv,
    "-Infinity"sv,
    "-"sv,
    "+1"sv,
    "01"sv,
    "-01"sv,
    "1."sv,
    ".5"sv,
    "1.e5"sv,
    "1e"sv,
    "1e+"sv,
    "0x10"sv,
    "1_000"sv,
    "\""sv,
    "\"abc"sv,
    "'abc'"sv,
    "\"\\\\ud83d\n\""sv,
    "\"\\\""sv,
    "\"\\x41\""sv,
    "\"\\a\""sv,
    "\"\\u12\""sv,
    "\"\\u12G4\""sv,
    "\"\\U0041\""sv,
    "\"a\nb\""sv,
    "\"a\tb\""sv,
    "\"a\0b\""sv,
    "\0"sv,
    "{}\0"sv,
    "\"\xff\""sv,
    "\"\xc3\""sv,
    "\"\xc0\xaf\""sv,
    "\"\xed\xa0\x80\""sv,
    "\"\xf4\x90\x80\x80\""sv,
    "\"\xe2\x82\""sv,
    "\xc2\xa0{}"sv,
    "\xef\xbb\xbf{}"sv,
    "\xff\xfe{\0}\0"sv,
    "// comment\n1"sv,
    "/* comment */1"sv,
    "[1] // comment"sv,
    "\x0c[]"sv,
    "\x0b[]"sv,
};

TEST(JsonParse, RefusesWhatIsNotJson) {
  for (const std::string_view text : kNotJson) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::malformed) << text;
    EXPECT_EQ(value.error().code, "malformed_json") << text;
  }
}

TEST(JsonParse, RefusesJsonBeyondItsLimitsByAnotherCode) {
  const std::string deep = nested(kJsonDepthMax + 1);
  for (const std::string_view text :
       {"1e400"sv, "-1e400"sv, "1.8e308"sv, "1e99999999999999999999"sv, "\"\\ud83d\""sv, "\"\\ude00\""sv, "\"\\ud83dx\""sv,
        "\"\\ud83d\\u0041\""sv, "\"\\ud83d\\ud83d\""sv, "\"\\ude00\\ud83d\""sv, std::string_view(deep)}) {
    const auto value = parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::malformed) << text;
    EXPECT_EQ(value.error().code, "unsupported_json") << text;
  }
}

TEST(JsonParse, SaysWhereAndWhatIsWrong) {
  struct Case {
    std::string_view text;
    std::string_view message;
  };
  const Case cases[] = {
      {"", "not valid JSON at line 1, column 1: the text is empty"},
      {"[1,", "not valid JSON at line 1, column 4: the text ends too early"},
      {"{\n  \"a\": tru\n}", "not valid JSON at line 2, column 8: unexpected \"t\""},
      {"{\r\n\"a\":1,\r\n}", "not valid JSON at line 3, column 1: unexpected \"}\""},
      {"[\"\xc3\xa9\xc3\xa9\" \xe2\x82\xac]", "not valid JSON at line 1, column 7: unexpected \"\xe2\x82\xac\""},
      {"[1] x", "not valid JSON at line 1, column 5: unexpected \"x\""},
      {"[1 \"a\"]", "not valid JSON at line 1, column 4: unexpected quotation mark"},
      {"[\"\xff\"]", "not valid JSON at line 1, column 3: bytes that are not UTF-8"},
      {"[\"a\nb\"]", "not valid JSON at line 1, column 4: a control character must be written as an escape"},
      {"\xef\xbb\xbf[]", "not valid JSON at line 1, column 1: a byte order mark must not stand before the text"},
      {"[\"\\u00zz                \"]", "not valid JSON at line 1, column 6: \\u must be followed by four hexadecimal digits"},
      {"[1e999]", "JSON that is not taken at line 1, column 7: a number beyond the range of a double"},
  };
  for (const auto& c : cases) {
    const auto value = parse(c.text);
    ASSERT_FALSE(value) << c.text;
    EXPECT_EQ(value.error().message, c.message);
  }
}

TEST(JsonParse, ReadsNumbersExactly) {
  EXPECT_EQ(parse("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(parse("-9223372036854775808")->as_int64(), INT64_MIN);
  EXPECT_EQ(parse("18446744073709551615")->as_uint64(), UINT64_MAX);
  EXPECT_EQ(parse("18446744073709551616")->as_double(), 18446744073709551616.0);
  EXPECT_EQ(parse("0.1")->as_double(), 0.1);
  EXPECT_EQ(parse("1e-400")->as_double(), 0);
  EXPECT_EQ(parse("5e-324")->as_double(), 5e-324);
  EXPECT_EQ(parse("1.7976931348623157e308")->as_double(), 1.7976931348623157e308);
  // Texts that Boost.JSON 1.81 alone reads one unit in the last place off.
  EXPECT_EQ(parse("4.789121e-19")->as_double(), 4.789121e-19);
  EXPECT_EQ(parse("[7.698782e-17]")->at(0).as_double(), 7.698782e-17);
  EXPECT_EQ(parse("3.141592653589793238462643")->as_double(), 3.141592653589793);
}

TEST(JsonParse, BuildsTheWholeValue) {
  const auto value = parse(" {\"a\" : [1, -2, 3.5, true, null, \"\\u00e9\\n\"], \"long \\\"name\\\"\": {\"x\":{}}, \"\": []} ");
  ASSERT_TRUE(value);
  EXPECT_EQ(bj::serialize(*value), "{\"a\":[1,-2,3.5E0,true,null,\"\xc3\xa9\\n\"],\"long \\\"name\\\"\":{\"x\":{}},\"\":[]}");
  const std::string text(100'000, 'x');
  EXPECT_EQ(parse("\"\\n" + text + "\"")->as_string().size(), text.size() + 1);
  EXPECT_TRUE(parse("{\"\\n" + text + "\":1}")->as_object().contains("\n" + text));
}

TEST(JsonParse, RefusesRepeatedNamesWithTheirPath) {
  struct Case {
    std::string text, field, name;
  };
  const Case cases[] = {
      {R"({"a":1,"a":2})", "a", "a"},
      {R"({"a":1,"b":2,"a":1})", "a", "a"},
      {R"({"a":1,"\u0061":2})", "a", "a"},
      {R"({"":1,"":2})", "", ""},
      {R"({"x":{"y":{"z":1,"z":2}}})", "x/y/z", "z"},
      {R"([0,[{"k":1},{"k":1,"k":2}]])", "1/1/k", "k"},
      {R"({"x":[1,{},[],"s",{"a/b~c":1,"a/b~c":2}]})", "x/4/a~1b~0c", "a/b~c"},
      {R"({"first":{"a":1},"second":[[]],"third":{"a":{},"a":{}}})", "third/a", "a"},
  };
  for (const auto& c : cases) {
    const auto value = parse(c.text);
    ASSERT_FALSE(value) << c.text;
    EXPECT_EQ(value.error().kind, ErrorKind::malformed) << c.text;
    EXPECT_EQ(value.error().code, "duplicate_member") << c.text;
    EXPECT_EQ(value.error().field, c.field) << c.text;
    EXPECT_EQ(value.error().message, "the name \"" + c.name + "\" occurs twice in one object");
  }
}

TEST(JsonParse, FindsRepeatedNamesAmongMany) {
  std::string text = "{";
  for (int i = 0; i < 50'000; ++i) text += "\"name" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse(text + "\"other\":0}"));
  const auto repeated = parse(text + "\"name777\":0}");
  ASSERT_FALSE(repeated);
  EXPECT_EQ(repeated.error().field, "name777");
}

TEST(JsonParse, BoundsTheDepth) {
  EXPECT_TRUE(parse(nested(kJsonDepthMax)));
  EXPECT_TRUE(parse(nested(kJsonDepthMax, "1")));
  for (const std::string& text :
       {nested(kJsonDepthMax + 1), std::string(1'000'000, '['), nested(500'000), "{\"a\":" + nested(kJsonDepthMax) + "}"}) {
    const auto value = parse(text);
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message.find("nested deeper than 64 levels"), std::string::npos) << value.error().message;
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(parse(objects));
}

TEST(JsonParse, TakesTheLastOfRepeatedNamesWhereAsked) {
  const auto value = parse_last_counts(R"({"a":1,"b":{"c":1,"c":2},"a":3})");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, *parse(R"({"a":3,"b":{"c":2}})"));
  EXPECT_FALSE(parse_last_counts("{\"a\":1,}"));
}

}  // namespace
}  // namespace posthorn::json
