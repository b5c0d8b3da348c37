#include "domain/outbound/predicate.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "domain/outbound/event_document.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kPayload = R"({
  "kind": "image", "size": 42, "ratio": 1.5, "flag": true, "none": null, "text": "a long text", "accent": "\u00e9t\u00e9",
  "signed": -9223372036854775808, "unsigned": 18446744073709551615, "big": 9007199254740993, "zero": -0.0,
  "tags": ["red", "blue", 7], "list": [{"n": 1}, {"n": 2}, {"n": "2"}], "nested": {"a": {"b": [1, {"c": 2}]}}, "1": "one",
  "empty": [], "numberText": "42"
})";

Event make_event(std::string_view payload = kPayload) {
  Event event;
  event.external_id = "order-1";
  event.topic = "document.created";
  event.user = "u7";
  event.payload = payload;
  return event;
}

Result<PredicatePtr> compile(std::string_view text) {
  auto source = json::parse(text);
  EXPECT_TRUE(source) << text;
  std::size_t leaves = kPredicateLeavesMax;
  return Predicate::compile(source ? *source : boost::json::value(), "include/0", {}, leaves);
}

Verdict verdict(std::string_view text, std::string_view payload = kPayload) {
  const auto predicate = compile(text);
  EXPECT_TRUE(predicate) << text << ": " << predicate.error().field << " " << predicate.error().message;
  if (!predicate) return Verdict::too_costly;
  const Event event = make_event(payload);
  EventDocument document(event, "acme");
  return (*predicate)->evaluate(document);
}

std::string leaf(std::string_view path, std::string_view op, std::string_view value) {
  return R"({"path":")" + std::string(path) + R"(","op":")" + std::string(op) + R"(","value":)" + std::string(value) + "}";
}

struct LeafCase {
  std::string_view path, op, value;
  bool holds;
};

void expect_leaves(const std::vector<LeafCase>& cases) {
  for (const auto& c : cases) {
    const std::string text = leaf(c.path, c.op, c.value);
    EXPECT_EQ(verdict(text), c.holds ? Verdict::yes : Verdict::no) << text;
  }
}

TEST(Predicate, ComparesByTypeAndExactly) {
  expect_leaves({
      {"$.data.size", "eq", "42", true},
      {"$.data.size", "eq", "42.0", true},
      {"$.data.size", "eq", "4.2e1", true},
      {"$.data.size", "eq", "\"42\"", false},
      {"$.data.numberText", "eq", "42", false},
      {"$.data.flag", "eq", "true", true},
      {"$.data.flag", "eq", "1", false},
      {"$.data.none", "eq", "null", true},
      {"$.data.missing", "eq", "null", false},
      {"$.data.zero", "eq", "0", true},
      {"$.data.big", "eq", "9007199254740993", true},
      {"$.data.big", "eq", "9007199254740992", false},
      {"$.data.big", "eq", "9007199254740992.0", false},
      {"$.data.big", "gt", "9007199254740992.0", true},
      {"$.data.unsigned", "eq", "18446744073709551615", true},
      {"$.data.unsigned", "eq", "18446744073709551616.0", false},
      {"$.data.unsigned", "lt", "18446744073709551616.0", true},
      {"$.data.unsigned", "gt", "-1", true},
      {"$.data.signed", "eq", "-9223372036854775808.0", true},
      {"$.data.signed", "lt", "18446744073709551615", true},
      {"$.data.tags", "eq", "[\"red\",\"blue\",7.0]", true},
      {"$.data.nested.a", "eq", R"({"b":[1.0,{"c":2}]})", true},
      {"$.data.size", "ne", "43", true},
      {"$.data.size", "ne", "42.0", false},
      {"$.data.size", "ne", "\"42\"", true},
      {"$.topic", "eq", "\"document.created\"", true},
      {"$.tenant", "eq", "\"acme\"", true},
      {"$.userId", "eq", "\"u7\"", true},
      {"$.id", "eq", "\"order-1\"", true},
      {"$['data']['1']", "eq", "\"one\"", true},
  });
}

TEST(Predicate, OrdersNumbersAndTextsOnly) {
  expect_leaves({
      {"$.data.size", "gt", "41", true},
      {"$.data.size", "gt", "42", false},
      {"$.data.size", "gte", "42.0", true},
      {"$.data.size", "lt", "42.5", true},
      {"$.data.size", "lte", "42", true},
      {"$.data.size", "lte", "41.999", false},
      {"$.data.kind", "gt", "\"ima\"", true},
      {"$.data.kind", "lt", "\"imb\"", true},
      {"$.data.kind", "gte", "\"image\"", true},
      {"$.data.accent", "gt", "\"z\"", true},
      {"$.data.kind", "gt", "1", false},
      {"$.data.kind", "lte", "1", false},
      {"$.data.size", "gt", "\"1\"", false},
      {"$.data.flag", "gte", "1", false},
      {"$.data.none", "lte", "0", false},
  });
}

TEST(Predicate, KnowsSetsTextsAndPresence) {
  expect_leaves({
      {"$.data.kind", "in", "[\"video\",\"image\"]", true},
      {"$.data.kind", "in", "[]", false},
      {"$.data.size", "in", "[1,42.0]", true},
      {"$.data.size", "in", "[\"42\"]", false},
      {"$.data.tags", "in", "[[\"red\",\"blue\",7]]", true},
      {"$.data.kind", "nin", "[\"video\"]", true},
      {"$.data.kind", "nin", "[\"image\"]", false},
      {"$.data.kind", "nin", "[]", true},
      {"$.data.kind", "exists", "true", true},
      {"$.data.kind", "exists", "false", false},
      {"$.data.none", "exists", "true", true},
      {"$.data.missing", "exists", "true", false},
      {"$.data.missing", "exists", "false", true},
      {"$.data.empty[*]", "exists", "false", true},
      {"$.scope", "exists", "true", false},
      {"$.data.text", "contains", "\"long\"", true},
      {"$.data.text", "contains", "\"\"", true},
      {"$.data.text", "contains", "\"Long\"", false},
      {"$.data.tags", "contains", "\"red\"", true},
      {"$.data.tags", "contains", "\"re\"", false},
      {"$.data.tags", "contains", "7.0", true},
      {"$.data.tags", "contains", "\"7\"", false},
      {"$.data.list", "contains", R"({"n":1.0})", true},
      {"$.data.size", "contains", "4", false},
      {"$.data.text", "startsWith", "\"a l\"", true},
      {"$.data.text", "startsWith", "\"long\"", false},
      {"$.data.text", "endsWith", "\"text\"", true},
      {"$.data.size", "endsWith", "\"2\"", false},
      {"$.data.text", "matches", "\"l[nop]+g\"", true},
      {"$.data.text", "matches", "\"^long\"", false},
      {"$.data.text", "matches", "\"^a .*text$\"", true},
      {"$.data.text", "matches", "\"(?i)LONG\"", true},
      {"$.data.accent", "matches", "\"^.t.$\"", true},
      {"$.data.size", "matches", "\"42\"", false},
  });
}

TEST(Predicate, IsFalseForAMissingPathWhateverTheComparison) {
  for (const auto& [op, value] : std::vector<std::pair<std::string_view, std::string_view>>{{"eq", "1"},
                                                                                            {"ne", "1"},
                                                                                            {"gt", "1"},
                                                                                            {"gte", "1"},
                                                                                            {"lt", "1"},
                                                                                            {"lte", "1"},
                                                                                            {"in", "[1]"},
                                                                                            {"nin", "[1]"},
                                                                                            {"contains", "1"},
                                                                                            {"startsWith", "\"\""},
                                                                                            {"endsWith", "\"\""},
                                                                                            {"matches", "\"\""}}) {
    expect_leaves({{"$.data.missing", op, value, false}, {"$.data.missing[*]", op, value, false}});
  }
}

TEST(Predicate, HoldsWhenOneOfSeveralNodesDoes) {
  expect_leaves({
      {"$.data.list[*].n", "eq", "2", true},
      {"$.data.list[*].n", "eq", "3", false},
      {"$.data.list[*].n", "ne", "1", true},
      {"$.data.tags[*]", "startsWith", "\"bl\"", true},
      {"$..c", "gt", "1", true},
      {"$.data.list[?@.n==2].n", "eq", "2", true},
      {"$.data.list[?@.n>5]", "exists", "true", false},
  });
}

TEST(Predicate, JoinsGroups) {
  const std::string yes = leaf("$.data.size", "eq", "42");
  const std::string no = leaf("$.data.size", "eq", "1");
  const std::pair<std::string, bool> cases[] = {
      {R"({"all":[)" + yes + "," + yes + "]}", true},
      {R"({"all":[)" + yes + "," + no + "]}", false},
      {R"({"any":[)" + no + "," + yes + "]}", true},
      {R"({"any":[)" + no + "," + no + "]}", false},
      {R"({"not":)" + no + "}", true},
      {R"({"not":)" + yes + "}", false},
      {R"({"name":"deep","any":[)" + no + R"(,{"all":[{"not":)" + no + R"(},{"name":"in it","any":[)" + yes + "]}]}]}", true},
  };
  for (const auto& [text, holds] : cases) EXPECT_EQ(verdict(text), holds ? Verdict::yes : Verdict::no) << text;
}

TEST(Predicate, SaysWhatAndWhereIsWrong) {
  struct Case {
    std::string text;
    std::string_view field, code;
  };
  const std::string good = leaf("$.a", "eq", "1");
  const Case cases[] = {
      {"1", "include/0", "wrong_type"},
      {"{}", "include/0", "required"},
      {R"({"all":[)" + good + R"(],"any":[)" + good + "]}", "include/0", "ambiguous"},
      {R"({"all":{}})", "include/0/all", "wrong_type"},
      {R"({"all":[]})", "include/0/all", "required"},
      {R"({"all":[)" + good + R"(,{"path":"$[","op":"eq","value":1}]})", "include/0/all/1/path", "invalid_path"},
      {R"({"not":{"any":[{"path":"$.a","op":"equals","value":1}]}})", "include/0/not/any/0/op", "invalid_value"},
      {R"({"path":"$.a","op":"eq"})", "include/0/value", "required"},
      {R"({"path":"$.a"})", "include/0/op", "required"},
      {R"({"path":"$.a","op":"eq","value":1,"extra":1})", "include/0/extra", "unknown_field"},
      {R"({"path":1,"op":"eq","value":1})", "include/0/path", "wrong_type"},
      {R"({"path":"$.a","op":"exists","value":1})", "include/0/value", "wrong_type"},
      {R"({"path":"$.a","op":"gt","value":true})", "include/0/value", "wrong_type"},
      {R"({"path":"$.a","op":"in","value":1})", "include/0/value", "wrong_type"},
      {R"({"path":"$.a","op":"startsWith","value":1})", "include/0/value", "wrong_type"},
      {leaf("$.a", "matches", "\"(\""), "include/0/value", "invalid_pattern"},
      {leaf("$.a", "matches", "\"((a{100}){100}){100}\""), "include/0/value", "invalid_pattern"},
      {leaf("$.a", "matches", "\"(?=a)\""), "include/0/value", "invalid_pattern"},
      {R"({"name":1,"path":"$.a","op":"exists"})", "include/0/name", "wrong_type"},
      {R"({"path":"$.a","op":"eq","value":")" + std::string(kPredicateValueBytesMax, 'x') + "\"}", "include/0/value",
       "too_long"},
  };
  for (const auto& c : cases) {
    const auto predicate = compile(c.text);
    ASSERT_FALSE(predicate) << c.text;
    EXPECT_EQ(predicate.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(predicate.error().field, c.field) << c.text << predicate.error().message;
    EXPECT_EQ(predicate.error().code, c.code) << c.text << predicate.error().message;
  }
  EXPECT_TRUE(compile(R"({"path":"$.a b","op":"exists"})").error().message.starts_with("at offset 3: "));
}

TEST(Predicate, BoundsDepthAndNumber) {
  const auto nested = [](std::size_t levels) {
    std::string text = leaf("$.a", "eq", "1");
    for (std::size_t i = 1; i < levels; ++i) text = R"({"not":)" + text + "}";
    return text;
  };
  EXPECT_TRUE(compile(nested(kPredicateDepthMax)));
  EXPECT_EQ(compile(nested(kPredicateDepthMax + 1)).error().code, "too_deep");
  const auto wide = [](std::size_t leaves) {
    std::string list;
    for (std::size_t i = 0; i < leaves; ++i) list += (i > 0 ? "," : "") + leaf("$.a", "eq", "1");
    return R"({"any":[{"all":[)" + list + "]}," + leaf("$.b", "eq", "1") + "]}";
  };
  EXPECT_TRUE(compile(wide(kPredicateLeavesMax - 1)));
  EXPECT_EQ(compile(wide(kPredicateLeavesMax)).error().code, "too_long");
}

TEST(Predicate, KeepsItsSource) {
  const std::string text = R"({"name":"x","all":[{"value":1.0,"op":"eq","path":"$.a"},{"not":{"path":"$.b","op":"exists"}}]})";
  EXPECT_EQ(boost::json::serialize((*compile(text))->source()), boost::json::serialize(*json::parse(text)));
}

TEST(Predicate, StopsWhatCostsTooMuchAndKeepsThatUndecided) {
  std::string payload = "[";
  for (int i = 0; i < 3000; ++i) payload += (i > 0 ? ",{\"a\":" : "{\"a\":") + std::to_string(i) + "}";
  payload += "]";
  const std::string costly = R"({"path":"$.data[?@.a==0 && count($..*)>1 || $..[?$..[?@.a<0]]]","op":"exists"})";
  const std::string yes = leaf("$.data[1].a", "eq", "1");
  const std::string no = leaf("$.data[1].a", "eq", "2");
  EXPECT_EQ(verdict(costly, payload), Verdict::too_costly);
  EXPECT_EQ(verdict(R"({"not":)" + costly + "}", payload), Verdict::too_costly);
  EXPECT_EQ(verdict(R"({"any":[)" + costly + "," + no + "]}", payload), Verdict::too_costly);
  EXPECT_EQ(verdict(R"({"any":[)" + costly + "," + yes + "]}", payload), Verdict::yes);
  EXPECT_EQ(verdict(R"({"all":[)" + costly + "," + yes + "]}", payload), Verdict::too_costly);
  EXPECT_EQ(verdict(R"({"all":[)" + costly + "," + no + "]}", payload), Verdict::no);
}

TEST(Predicate, RefusesNoSimpleComparisonWhenTheEventsStepsAreUsedUp) {
  const Event event = make_event();
  EventDocument document(event, "acme", 0);
  EXPECT_EQ((*compile(leaf("$.data.size", "eq", "42")))->evaluate(document), Verdict::yes);
  EXPECT_EQ((*compile(leaf("$..size", "eq", "42")))->evaluate(document), Verdict::too_costly);
}

std::string needed(std::string_view text) {
  const auto predicate = compile(text);
  EXPECT_TRUE(predicate) << text;
  // Keys of $.data.common are dear.
  const auto keys = (*predicate)->needed_keys([](const NeededKey& key) -> std::size_t {
    return key.path->canonical() == "$['data']['common']" ? 100 : 1;
  });
  if (!keys) return "none";
  std::vector<std::string> words;
  for (const auto& key : *keys) words.push_back(key.path->canonical() + "=" + key.value + " ");
  std::sort(words.begin(), words.end());
  std::string all;
  for (const auto& word : words) all += word;
  return all;
}

TEST(Predicate, NamesTheKeysThatItNeeds) {
  const std::string a = leaf("$.data.a", "eq", "1.0");
  const std::string b = leaf("$.data['b']", "in", "[\"x\",null]");
  const std::string common = leaf("$.data.common", "eq", "true");
  const std::pair<std::string, std::string_view> cases[] = {
      {a, "$['data']['a']=i1 "},
      {b, "$['data']['b']=sx $['data']['b']=z "},
      {R"({"any":[)" + a + "," + b + "]}", "$['data']['a']=i1 $['data']['b']=sx $['data']['b']=z "},
      {R"({"all":[)" + b + "," + a + "]}", "$['data']['a']=i1 "},
      {R"({"all":[)" + common + "," + b + "]}", "$['data']['b']=sx $['data']['b']=z "},
      {R"({"all":[)" + leaf("$.data.n", "gt", "1") + "," + common + "]}", "$['data']['common']=t "},
      {R"({"any":[)" + a + "," + leaf("$.data.n", "gt", "1") + "]}", "none"},
      {R"({"not":)" + a + "}", "none"},
      {leaf("$.data.a", "ne", "1"), "none"},
      {leaf("$.data.*", "eq", "1"), "none"},
      {leaf("$.data.a", "eq", "[1]"), "none"},
      {leaf("$.data.a", "in", "[1,[2]]"), "none"},
      {leaf("$.data.a", "in", "[]"), ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(needed(text), expected) << text;
}

}  // namespace
}  // namespace posthorn::domain
