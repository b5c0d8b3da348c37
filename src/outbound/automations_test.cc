#include "outbound/automations.h"

#include <gtest/gtest.h>

#include "json/reader.h"

namespace posthorn::outbound {
namespace {

constexpr TenantKey kTenant{7};

class AutomationsTest : public testing::Test {
 protected:
  void add(std::string name, std::string_view settings) {
    domain::Automation made;
    made.key = {ids_.next_key()};
    made.tenant = kTenant;
    made.name = std::move(name);
    auto read = domain::decode_automation(settings);
    ASSERT_TRUE(read) << read.error().field << " " << read.error().message;
    made.settings = std::move(*read);
    automations_.fill({std::move(made)});
  }

  std::vector<std::shared_ptr<domain::Event>> derive(
      std::string_view topic, std::string payload,
      const Automations::Check& check = [](const domain::Event&) { return Status{}; }) {
    cause_.id = ids_.next<EventId>();
    cause_.tenant = kTenant;
    cause_.topic = topic;
    cause_.user = "u1";
    cause_.scope = "north";
    cause_.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    cause_.hops = 2;
    cause_.payload = std::move(payload);
    domain::EventDocument document(cause_, "acme");
    return automations_.derive(cause_, document, "acme", 1000, check);
  }
  static std::string words(const std::vector<std::shared_ptr<domain::Event>>& events) {
    std::string text;
    for (const auto& event : events) text += event->topic + " " + event->payload + "\n";
    return text;
  }

  ManualClock clock_;
  IdSource ids_{clock_, 1, 0, 0};
  Automations automations_{clock_, ids_};
  domain::Event cause_;
};

TEST_F(AutomationsTest, MakesEventsOfTheCause) {
  add("images", R"({"topics":["document.*"],"when":[{"path":"$.data.type","op":"eq","value":"image"}],
                    "publish":{"topic":"image.made","data":{"id":"{{ $.data.id }}","by":"{{ $.userId }}@{{ $.tenant }}"}}})");
  add("other", R"({"topics":["document.*"],"publish":{"topic":"seen","data":1,"scope":"south","user":"robot"}})");
  const auto made = derive("document.created", R"({"id":17,"type":"image"})");
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(words(made), "image.made {\"id\":17,\"by\":\"u1@acme\"}\nseen 1\n");
  EXPECT_EQ(made[0]->traceparent, cause_.traceparent);
  EXPECT_EQ(made[0]->hops, cause_.hops);
  EXPECT_EQ(made[0]->user, "u1");
  EXPECT_EQ(made[0]->scope, "north");
  EXPECT_EQ(made[1]->user, "robot");
  EXPECT_EQ(made[1]->scope, "south");
  EXPECT_EQ(made[0]->id.key, EventKey{}) << "whoever accepts it gives it its id";
  EXPECT_EQ(words(derive("document.created", R"({"type":"text"})")), "seen 1\n");
  EXPECT_TRUE(derive("folder.created", "1").empty());
}

TEST_F(AutomationsTest, FollowsChainsToTheirEnd) {
  for (int i = 0; i < 5; ++i) {
    add("rule" + std::to_string(i), R"({"topics":["t)" + std::to_string(i) + R"("],"publish":{"topic":"t)" +
                                        std::to_string(i + 1) + R"(","data":["{{ $.data }}"]}})");
  }
  EXPECT_EQ(words(derive("t0", "0")), "t1 [0]\nt2 [[0]]\nt3 [[[0]]]\nt4 [[[[0]]]]\nt5 [[[[[0]]]]]\n");
}

// Rules in a circle cannot be saved, but two that were saved at the same moment might make one.
TEST_F(AutomationsTest, CutsCircles) {
  add("ping", R"({"topics":["ping"],"publish":{"topic":"pong","data":1}})");
  add("pong", R"({"topics":["pong"],"publish":{"topic":"ping","data":1}})");
  EXPECT_EQ(derive("ping", "1").size(), domain::kAutomationChainMax);
}

TEST_F(AutomationsTest, BoundsHowManyEventsOneSetsOff) {
  for (int i = 0; i < 60; ++i) add("a" + std::to_string(i), R"({"topics":["a"],"publish":{"topic":"b","data":1}})");
  EXPECT_EQ(derive("a", "1").size(), domain::kDerivedEventsMax);
}

TEST_F(AutomationsTest, LeavesOutWhatCannotBePublished) {
  add("large", R"({"topics":["a"],"publish":{"topic":"large","data":["{{ $.data }}","{{ $.data }}"]}})");
  add("refused", R"({"topics":["a"],"publish":{"topic":"refused","data":1}})");
  add("taken", R"({"topics":["a"],"publish":{"topic":"taken","data":1}})");
  add("deep", R"({"topics":["a"],"publish":{"topic":"deep","data":[[[["{{ $.data.nested }}"]]]]}})");
  const auto check = [](const domain::Event& event) -> Status {
    if (event.topic == "refused") return invalid("topic", "there is no topic of this name", "unknown_topic");
    return {};
  };
  EXPECT_EQ(words(derive("a", "\"" + std::string(600, 'x') + "\"", check)), "deep [[[[null]]]]\ntaken 1\n");
  const std::string nested = R"({"nested":)" + std::string(62, '[') + std::string(62, ']') + "}";
  EXPECT_TRUE(json::parse(nested));
  for (const auto& event : derive("a", nested, check)) EXPECT_TRUE(json::parse(event->payload)) << event->topic;
}

}  // namespace
}  // namespace posthorn::outbound
