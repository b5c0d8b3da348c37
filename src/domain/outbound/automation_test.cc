#include "domain/outbound/automation.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "json/reader.h"

namespace posthorn::domain {
namespace {

Result<AutomationSettings> read(std::string_view text) {
  return read_automation(json::parse(text)->as_object(), AutomationSettings{});
}

AutomationPtr rule(std::string name, std::string_view topics, std::string_view publishes, bool enabled = true) {
  auto made = std::make_shared<Automation>();
  made->name = std::move(name);
  auto settings =
      read(R"({"topics":)" + std::string(topics) + R"(,"publish":{"topic":")" + std::string(publishes) + R"(","data":null}})");
  EXPECT_TRUE(settings);
  made->settings = std::move(*settings);
  made->settings.enabled = enabled;
  return made;
}

TEST(Automation, IsWrittenAsItWasRead) {
  constexpr std::string_view kText = R"({"description":"d","enabled":false,"topics":["a.*","b"],
      "when":[{"name":"n","path":"$.data.x","op":"gt","value":1.5}],
      "publish":{"topic":"c","data":{"id":"{{ $.data.id }}"},"scope":"s","user":null}})";
  const auto settings = read(kText);
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_TRUE(check_automation(*settings));
  EXPECT_EQ(write_automation(*settings), *json::parse(kText));
  EXPECT_EQ(write_automation(*decode_automation(encode_automation(*settings))), *json::parse(kText));
}

TEST(Automation, TakesOnePredicateAlone) {
  const auto settings = read(R"({"when":{"path":"$.a","op":"exists"}})");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->when.size(), 1U);
}

TEST(Automation, NamesTheMemberThatIsWrong) {
  for (const auto& [text, field] : std::vector<std::pair<std::string_view, std::string_view>>{
           {R"({"topics":["a..b"]})", "topics/0"},
           {R"({"topics":"a"})", "topics"},
           {R"({"when":1})", "when"},
           {R"({"when":{"path":"$[","op":"exists"}})", "when/path"},
           {R"({"when":[{"not":{}}]})", "when/0/not"},
           {R"({"publish":{"topic":"a"}})", "publish/data"},
           {R"({"publish":{"topic":"a.*","data":1}})", "publish/topic"},
           {R"({"publish":{"topic":"a","data":{"x":["{{ no }}"]}}})", "publish/data/x/0"},
           {R"({"publish":{"topic":"a","data":1,"colour":1}})", "publish/colour"},
           {R"({"colour":1})", "colour"}}) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().field, field) << text;
  }
  EXPECT_EQ(check_automation(*read("{}")).error().field, "topics");
  EXPECT_EQ(check_automation(*read(R"({"topics":["a"]})")).error().field, "publish");
}

TEST(Automation, IsSetOffByTopicAndPredicate) {
  Event event;
  event.topic = "a.b";
  event.payload = R"({"n":1})";
  const auto check = [&](std::string_view text) {
    EventDocument document(event, "acme");
    return is_set_off(*read(text), event, document);
  };
  EXPECT_TRUE(check(R"({"topics":["x","a.*"]})"));
  EXPECT_FALSE(check(R"({"topics":["x"]})"));
  EXPECT_FALSE(check(R"({"topics":["a.*"],"enabled":false})"));
  EXPECT_TRUE(
      check(R"({"topics":["a.*"],"when":[{"path":"$.data.n","op":"eq","value":2},{"path":"$.data.n","op":"eq","value":1}]})"));
  EXPECT_FALSE(check(R"({"topics":["a.*"],"when":[{"path":"$.data.n","op":"eq","value":2}]})"));
}

TEST(AutomationChains, RefuseCircles) {
  const auto error = [](const AutomationPtr& changed, const std::vector<AutomationPtr>& others) {
    const auto status = check_chains(*changed, others);
    return status ? std::string() : std::string(status.error().code) + ": " + status.error().message;
  };
  EXPECT_EQ(error(rule("a", R"(["x"])", "x"), {}), "automation_circle: rules would set off each other in a circle: a → a");
  EXPECT_EQ(error(rule("a", R"(["**"])", "x"), {}), "automation_circle: rules would set off each other in a circle: a → a");
  const std::vector<AutomationPtr> others{rule("b", R"(["y.*"])", "z", false), rule("c", R"(["z"])", "w"),
                                          rule("d", R"(["elsewhere"])", "x")};
  EXPECT_EQ(error(rule("a", R"(["w"])", "y.1"), others),
            "automation_circle: rules would set off each other in a circle: a → b → c → a");
  EXPECT_EQ(error(rule("a", R"(["x"])", "y.1"), others), "");
  // Changing a rule replaces it.
  EXPECT_EQ(error(rule("c", R"(["z"])", "y.1"), others),
            "automation_circle: rules would set off each other in a circle: c → b → c");
  EXPECT_EQ(error(rule("b", R"(["w"])", "nowhere"), others), "");
}

TEST(AutomationChains, AreBounded) {
  std::vector<AutomationPtr> others;
  for (std::size_t i = 1; i < kAutomationChainMax; ++i) {
    others.push_back(rule("r" + std::to_string(i), R"(["t)" + std::to_string(i) + R"("])", "t" + std::to_string(i + 1)));
  }
  const std::string last = "t" + std::to_string(kAutomationChainMax);
  EXPECT_TRUE(check_chains(*rule("end", R"([")" + last + R"("])", "out"), others));
  others.push_back(rule("end", R"([")" + last + R"("])", "out"));
  EXPECT_EQ(check_chains(*rule("first", R"(["in"])", "t1"), others).error().code, "automation_chain_too_long");
  EXPECT_EQ(check_chains(*rule("after", R"(["out"])", "more"), others).error().code, "automation_chain_too_long");
  EXPECT_TRUE(check_chains(*rule("beside", R"(["in"])", last), others));
}

}  // namespace
}  // namespace posthorn::domain
