#include <gtest/gtest.h>

#include "base/limits.h"
#include "json/reader.h"

namespace posthorn::json {
namespace {

using namespace std::string_view_literals;
using Members = std::vector<std::pair<std::string, std::string>>;

Members members_of(std::string_view text) {
  const auto members = raw_members(text);
  if (!members) return {{"error", members.error().message}};
  Members list;
  for (const auto& member : *members) list.emplace_back(member.name, member.value);
  return list;
}

std::vector<std::string> elements_of(std::string_view text) {
  const auto elements = raw_elements(text);
  if (!elements) return {"error: " + elements.error().message};
  return {elements->begin(), elements->end()};
}

// Every kind of value, with all that makes its end hard to find.
constexpr std::string_view kValues[] = {
    "1"sv,
    "-0"sv,
    "1.50"sv,
    "1E+2"sv,
    "123456789012345678901234567890"sv,
    "true"sv,
    "false"sv,
    "null"sv,
    "\"\""sv,
    "\"a,b:c}d]e\""sv,
    "\"\\\"\""sv,
    "\"\\\\\""sv,
    "\"\\u007d \\ud83d\\ude00\""sv,
    "\"\xe2\x82\xac\""sv,
    "{}"sv,
    "{ }"sv,
    "[]"sv,
    "[ 1 , [ ] , { } ]"sv,
    "{ \"x\" : [ 1 , \"}\" ] , \"x2\":{\"y\" : \"\\\"\"} }"sv,
    "{\"a\":1,\"a\":2}"sv,
};

TEST(RawMembers, GivesTheExactBytesOfEachValue) {
  for (const auto value : kValues) {
    for (const std::string space : {"", " ", "\n\t\r "}) {
      const std::string text = space + "{" + space + "\"first\"" + space + ":" + space + std::string(value) + space + "," +
                               space + "\"second\"" + space + ":" + space + std::string(value) + space + "}" + space;
      EXPECT_EQ(members_of(text), (Members{{"first", std::string(value)}, {"second", std::string(value)}})) << text;
    }
  }
}

TEST(RawMembers, AreViewsIntoTheText) {
  const std::string text = R"({"topic":"a.b","data":{"x":1}})";
  const auto members = raw_members(text);
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ((*members)[0].name.data(), text.data() + 2);
  EXPECT_EQ((*members)[1].value.data(), text.data() + 22);
  EXPECT_EQ((*members)[1].value, R"({"x":1})");
}

TEST(RawMembers, GivesNamesAsTheyAreWritten) {
  EXPECT_EQ(members_of("{}"), Members{});
  EXPECT_EQ(members_of(" { } "), Members{});
  EXPECT_EQ(members_of(R"({"":1,"\u0064ata":2,"a\"b":3})"), (Members{{"", "1"}, {"\\u0064ata", "2"}, {"a\\\"b", "3"}}));
}

TEST(RawMembers, RefusesRepeatedNamesAlsoWhenOneIsEscaped) {
  for (const auto& [text, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"a":1,"a":2})", "a"},
           {R"({"a":1,"b":2,"c":3,"b":4})", "b"},
           {R"({"data":1,"d\u0061ta":2})", "data"},
           {R"({"\u0061":1,"\u0061":2})", "a"},
           {R"({"a\/b":1,"a/b":2})", "a~1b"},
       }) {
    const auto members = raw_members(text);
    ASSERT_FALSE(members) << text;
    EXPECT_EQ(members.error().code, "duplicate_member") << text;
    EXPECT_EQ(members.error().kind, ErrorKind::malformed) << text;
    EXPECT_EQ(members.error().field, field) << text;
  }
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += "\"name" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(raw_members(many + "\"other\":0}"));
  EXPECT_EQ(raw_members(many + "\"name500\":0}").error().field, "name500");
}

TEST(RawMembers, RefusesTextThatIsNoObject) {
  for (const std::string_view text : {"[]"sv, "1"sv, "\"{}\""sv, "null"sv, " [ { } ] "sv}) {
    const auto members = raw_members(text);
    ASSERT_FALSE(members) << text;
    EXPECT_EQ(members.error().kind, ErrorKind::invalid_argument) << text;
    EXPECT_EQ(members.error().code, "wrong_type") << text;
    EXPECT_EQ(members.error().message, "must be an object") << text;
  }
}

TEST(RawMembers, RefusesMalformedTextWithItsPlace) {
  struct Case {
    std::string_view text, place;
  };
  const Case cases[] = {
      {"", "line 1, column 1"},
      {" ", "line 1, column 2"},
      {"{", "line 1, column 2"},
      {"}", "line 1, column 1"},
      {"{\"a\"", "line 1, column 5"},
      {"{\"a\":", "line 1, column 6"},
      {"{\"a\":1", "line 1, column 7"},
      {"{\"a\":1,", "line 1, column 8"},
      {"{\"a\":1,}", "line 1, column 8"},
      {"{,}", "line 1, column 2"},
      {"{a:1}", "line 1, column 2"},
      {"{1:1}", "line 1, column 2"},
      {"{\"a\" 1}", "line 1, column 6"},
      {"{\"a\":1 \"b\":2}", "line 1, column 8"},
      {"{\"a\":1]", "line 1, column 7"},
      {"{\"a\":1}x", "line 1, column 8"},
      {"{\"a\":1} {}", "line 1, column 9"},
      {"{\"a\":\n[1,\n2,]}", "line 3, column 3"},
      {"{\"a\":01}", "line 1, column 7"},
      {"{\"a\xff\":1}", "line 1, column 4"},
      {"{\"a\":\"\xc3\x28\"}", "line 1, column 7"},
      {"\xef\xbb\xbf{}", "line 1, column 1"},
      {"[1,", "line 1, column 4"},
      {"nul", "line 1, column 4"},
  };
  for (const auto& c : cases) {
    const auto members = raw_members(c.text);
    ASSERT_FALSE(members) << c.text;
    EXPECT_EQ(members.error().code, "malformed_json") << c.text;
    EXPECT_NE(members.error().message.find(c.place), std::string::npos) << c.text << "\n" << members.error().message;
  }
  EXPECT_FALSE(raw_members("{\"a\":1}\0"sv));
}

TEST(RawMembers, RefusesNumbersAndTextsBeyondItsLimitsByAnotherCode) {
  for (const auto text : {R"({"a":1e400})"sv, R"({"a":[-1e309]})"sv, R"({"a":"\ud800"})"sv}) {
    EXPECT_EQ(raw_members(text).error().code, "unsupported_json") << text;
  }
}

TEST(RawMembers, BoundsDepthAndCount) {
  const auto with_depth = [](std::size_t levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_TRUE(raw_members(with_depth(kJsonDepthMax)));
  EXPECT_EQ(raw_members(with_depth(kJsonDepthMax + 1)).error().code, "unsupported_json");
  EXPECT_FALSE(raw_members("{\"a\":" + std::string(1'000'000, '[')));
  std::string text = "{\"a\":0";
  for (std::size_t i = 1; i < kRawMembersMax; ++i) text += ",\"" + std::to_string(i) + "\":0";
  EXPECT_TRUE(raw_members(text + "}"));
  EXPECT_EQ(raw_members(text + ",\"b\":0}").error().code, "too_long");
}

TEST(RawElements, GivesTheExactBytesOfEachElement) {
  for (const auto value : kValues) {
    for (const std::string space : {"", " ", "\r\n"}) {
      const std::string text =
          space + "[" + space + std::string(value) + space + "," + space + std::string(value) + space + "]" + space;
      EXPECT_EQ(elements_of(text), (std::vector<std::string>{std::string(value), std::string(value)})) << text;
    }
  }
  EXPECT_EQ(elements_of("[]"), std::vector<std::string>{});
  EXPECT_EQ(elements_of(" [ ] "), std::vector<std::string>{});
}

TEST(RawElements, RefusesWhatIsNoArray) {
  for (const std::string_view text : {"{}"sv, "1"sv, "\"[]\""sv}) {
    EXPECT_EQ(raw_elements(text).error().code, "wrong_type") << text;
    EXPECT_EQ(raw_elements(text).error().message, "must be an array") << text;
  }
  for (const std::string_view text : {""sv, "["sv, "]"sv, "[1"sv, "[1,"sv, "[1,]"sv, "[,1]"sv, "[1 2]"sv, "[1}"sv, "[1]]"sv,
                                      "[1] x"sv, "[\"\xff\"]"sv, "[nul]"sv}) {
    EXPECT_EQ(raw_elements(text).error().code, "malformed_json") << text;
  }
}

TEST(RawElements, BoundsDepthAndCount) {
  EXPECT_TRUE(raw_elements(std::string(kJsonDepthMax, '[') + std::string(kJsonDepthMax, ']')));
  EXPECT_FALSE(raw_elements(std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']')));
  EXPECT_FALSE(raw_elements(std::string(1'000'000, '[')));
  std::string text = "[0";
  for (std::size_t i = 1; i < kRawElementsMax; ++i) text += ",0";
  EXPECT_EQ(raw_elements(text + "]")->size(), kRawElementsMax);
  EXPECT_EQ(raw_elements(text + ",0]").error().code, "too_long");
}

TEST(RawString, DecodesStringsAndNothingElse) {
  EXPECT_EQ(raw_string("\"\""), "");
  EXPECT_EQ(raw_string("\"a.b\""), "a.b");
  EXPECT_EQ(raw_string("\"\\u00e9\\n\\\"\""), "\xc3\xa9\n\"");
  EXPECT_EQ(raw_string("\"\xc3\xa9\""), "\xc3\xa9");
  for (const std::string_view raw : {""sv, "\""sv, "1"sv, "null"sv, "[\"a\"]"sv, "a"sv, "\"a"sv, "a\""sv, "\"a\\\""sv,
                                     "\"a\"b\""sv, "\"\\x\""sv, "\"\\ud800\""sv}) {
    EXPECT_FALSE(raw_string(raw)) << raw;
  }
}

}  // namespace
}  // namespace posthorn::json
