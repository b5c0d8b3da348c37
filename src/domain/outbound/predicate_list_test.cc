#include "domain/outbound/predicate_list.h"

#include <gtest/gtest.h>

#include "domain/outbound/subscription_document.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kCostly = R"({"path":"$.data.list[?$..[?$..[?@.x<0]]]","op":"exists"})";

std::string is(std::string_view path, int value) {
  return R"({"path":")" + std::string(path) + R"(","op":"eq","value":)" + std::to_string(value) + "}";
}

Subscription subscription_with(std::string_view include, std::string_view exclude) {
  const auto object = json::parse(R"({"url":"https://example.com/","topics":["a.*"],"scope":"s","include":[)" +
                                  std::string(include) + R"(],"exclude":[)" + std::string(exclude) + "]}");
  auto settings = read_settings(object->as_object(), SubscriptionSettings{});
  EXPECT_TRUE(settings) << settings.error().field << " " << settings.error().message;
  Subscription subscription;
  if (settings) subscription.settings = std::move(*settings);
  return subscription;
}

Event make_event() {
  Event event;
  event.topic = "a.b";
  event.scope = "s";
  event.payload = R"({"n":1,"list":[)";
  for (int i = 0; i < 500; ++i) event.payload += std::string(i > 0 ? "," : "") + R"({"x":1})";
  event.payload += "]}";
  return event;
}

TEST(PredicateList, AppliesWhenIncludedAndNotExcluded) {
  const std::string yes = is("$.data.n", 1);
  const std::string no = is("$.data.n", 2);
  const std::string costly(kCostly);
  struct Case {
    std::string include, exclude;
    std::optional<std::size_t> first_include, first_exclude;
    Refusal refusal;
  };
  const Case cases[] = {
      {"", "", {}, {}, Refusal::none},
      {yes, "", 0, {}, Refusal::none},
      {no + "," + yes + "," + yes, no, 1, {}, Refusal::none},
      {no, "", {}, {}, Refusal::include},
      {"", yes, {}, 0, Refusal::exclude},
      {yes, no + "," + yes, 0, 1, Refusal::exclude},
      {no, yes, {}, 0, Refusal::exclude},
      {costly, "", {}, {}, Refusal::too_costly},
      {costly + "," + yes, "", 1, {}, Refusal::none},
      {yes, costly, 0, {}, Refusal::too_costly},
      {yes, costly + "," + yes, 0, 1, Refusal::exclude},
      {no, no, {}, {}, Refusal::include},
  };
  for (const auto& c : cases) {
    const auto subscription = subscription_with(c.include, c.exclude);
    const Event event = make_event();
    EventDocument document(event, "acme");
    const auto explained = explain(subscription.settings, event, document);
    EXPECT_EQ(explained.selection.include, c.first_include) << c.include << " / " << c.exclude;
    EXPECT_EQ(explained.selection.exclude, c.first_exclude) << c.include << " / " << c.exclude;
    EXPECT_EQ(explained.refusal, c.refusal) << c.include << " / " << c.exclude;
    EXPECT_EQ(explained.selection.applies, c.refusal == Refusal::none);
    EventDocument again(event, "acme");
    EXPECT_EQ(selects(subscription.settings, again), c.refusal == Refusal::none) << c.include << " / " << c.exclude;
  }
}

TEST(PredicateList, NamesTheFirstReason) {
  const auto subscription = subscription_with(is("$.data.n", 2), "");
  struct Case {
    bool enabled;
    std::string_view topic, scope;
    Refusal refusal;
    std::string_view word;
  };
  for (const auto& c : std::vector<Case>{{false, "x", "", Refusal::disabled, "disabled"},
                                         {true, "x", "", Refusal::topic, "topic"},
                                         {true, "a.b", "", Refusal::scope, "scope"},
                                         {true, "a.b", "s", Refusal::include, "include"}}) {
    Subscription changed = subscription;
    changed.settings.enabled = c.enabled;
    Event event = make_event();
    event.topic = c.topic;
    event.scope = c.scope;
    EventDocument document(event, "acme");
    EXPECT_EQ(explain(changed.settings, event, document).refusal, c.refusal);
    EXPECT_EQ(to_text(c.refusal), c.word);
  }
}

TEST(PredicateList, IsWrittenAsItWasRead) {
  const std::string include = R"({"name":"first","any":[{"path":"$.data.n","op":"in","value":[1,"1",null,2.5]}]})";
  const auto subscription = subscription_with(include, is("$.topic", 1));
  const auto written = write_settings(subscription.settings);
  EXPECT_EQ(written.at("include"), *json::parse("[" + include + "]"));
  EXPECT_EQ(written.at("exclude"), *json::parse("[" + is("$.topic", 1) + "]"));
  const auto again = decode_settings(encode_settings(subscription.settings));
  ASSERT_TRUE(again);
  EXPECT_EQ(write_settings(*again), written);
}

TEST(PredicateList, StaysWhenAChangeDoesNotNameIt) {
  const auto before = subscription_with(is("$.data.n", 1), "");
  const auto unchanged = read_settings(json::parse(R"({"description":"x"})")->as_object(), before.settings);
  EXPECT_EQ(sources_of(unchanged->include), sources_of(before.settings.include));
  const auto cleared = read_settings(json::parse(R"({"include":[]})")->as_object(), before.settings);
  EXPECT_TRUE(cleared->include.empty());
}

TEST(PredicateList, NamesThePlaceOfWhatDoesNotCompile) {
  const auto read = [](std::string_view text) {
    return read_settings(json::parse(text)->as_object(), SubscriptionSettings{}).error();
  };
  EXPECT_EQ(read(R"({"exclude":[{"path":"$.a","op":"exists"},{"not":{"path":"$..","op":"exists"}}]})").field,
            "exclude/1/not/path");
  EXPECT_EQ(read(R"({"include":{}})").field, "include");
  std::string many = "{}";
  for (std::size_t i = 0; i < kPredicatesMax; ++i) many += ",{}";
  EXPECT_EQ(read(R"({"include":[)" + many + "]}").field, "include");
}

TEST(PredicateList, KnowsTheNamesOfAFormatsEnvelope) {
  const auto source = json::parse(R"({"all":[{"path":"$.Data.AssetType","op":"eq","value":"Image"},
      {"path":"$.Topic","op":"eq","value":"a.b"},{"path":"$.UserId","op":"eq","value":"u"},
      {"path":"$.EventId","op":"eq","value":"e"},{"path":"$.Tenant","op":"eq","value":"acme"},
      {"path":"$.EventDateUtc","op":"startsWith","value":"1970-"},{"path":"$.topic","op":"eq","value":"a.b"}]})");
  Event event;
  event.external_id = "e";
  event.topic = "a.b";
  event.user = "u";
  event.payload = R"({"AssetType":"Image"})";
  for (const auto& [format, verdict] : {std::pair("orangelogic", Verdict::yes), std::pair("standard", Verdict::no)}) {
    const auto list = compile_predicates({*source}, "include", path_aliases(format));
    ASSERT_TRUE(list);
    EventDocument document(event, "acme");
    EXPECT_EQ(list->front()->evaluate(document), verdict) << format;
    EXPECT_EQ(list->front()->source(), *source);
  }
}

}  // namespace
}  // namespace posthorn::domain
