#include "outbound/subscription_index.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/topic.h"
#include "json/reader.h"

namespace posthorn::outbound {
namespace {

using Values = std::vector<std::int64_t>;

Values values_of(const std::vector<SubscriptionKey>& keys) {
  Values values;
  for (const auto key : keys) values.push_back(key.value);
  return values;
}

Values find(const SubscriptionIndex& index, std::string_view topic) {
  const auto keys = index.find(topic, nullptr);
  EXPECT_TRUE(keys);
  return keys ? values_of(*keys) : Values{};
}

domain::SubscriptionSettings wants(std::vector<std::string> topics, std::string_view include = "",
                                   std::string_view exclude = "") {
  const auto compiled = [](std::string_view list) {
    return *domain::compile_predicates(json::parse("[" + std::string(list) + "]")->as_array(), "include", {});
  };
  domain::SubscriptionSettings settings;
  settings.topics = std::move(topics);
  settings.include = compiled(include);
  settings.exclude = compiled(exclude);
  return settings;
}

TEST(SubscriptionIndex, FindsEachMatchOnceInOrder) {
  SubscriptionIndex index;
  index.add({3}, wants({"a.*", "a.b", "**"}));
  index.add({1}, wants({"a.b"}));
  index.add({2}, wants({"a.b.c", "*.*"}));
  index.add({4}, wants({"a.**"}));
  EXPECT_EQ(find(index, "a.b"), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(find(index, "a"), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(find(index, "x.y"), (std::vector<std::int64_t>{2, 3}));
}

TEST(SubscriptionIndex, ForgetsWhatIsRemoved) {
  SubscriptionIndex index;
  index.add({1}, wants({"a.b", "a.**"}));
  index.add({2}, wants({"a.b"}));
  index.remove({1});
  EXPECT_EQ(find(index, "a.b"), (std::vector<std::int64_t>{2}));
  index.remove({2});
  EXPECT_TRUE(find(index, "a.b").empty());
  index.remove({2});
}

TEST(SubscriptionIndex, AgreesWithMatchingOneByOne) {
  SeededRandom random(42);
  const std::vector<std::string> segments{"a", "b", "c", "*", "**"};
  const auto make = [&](std::size_t choices) {
    std::string text;
    const auto length = 1 + random.next() % 4;
    for (std::size_t i = 0; i < length; ++i) {
      const auto& segment = segments[random.next() % choices];
      text += (i > 0 ? "." : "") + segment;
      if (segment == "**") break;
    }
    return text;
  };
  for (int round = 0; round < 50; ++round) {
    SubscriptionIndex index;
    std::vector<std::vector<std::string>> patterns;
    for (std::int64_t key = 0; key < 40; ++key) {
      patterns.push_back({make(5), make(5)});
      index.add({key}, wants(patterns.back()));
    }
    for (std::int64_t key = 0; key < 40; key += 3) {
      index.remove({key});
      patterns[static_cast<std::size_t>(key)].clear();
    }
    for (int probe = 0; probe < 20; ++probe) {
      const std::string topic = make(3);
      std::vector<std::int64_t> expected;
      for (std::int64_t key = 0; key < 40; ++key) {
        const auto& mine = patterns[static_cast<std::size_t>(key)];
        if (std::any_of(mine.begin(), mine.end(), [&](const auto& p) { return domain::topic_matches(p, topic); })) {
          expected.push_back(key);
        }
      }
      EXPECT_EQ(find(index, topic), expected) << topic;
    }
  }
}

constexpr std::string_view kIsImage = R"({"path":"$.data.kind","op":"eq","value":"image"})";
constexpr std::string_view kIsBig = R"({"path":"$.data.size","op":"gt","value":10})";

Values candidates(const SubscriptionIndex& index, std::string_view topic, std::string payload) {
  domain::Event event;
  event.topic = topic;
  event.payload = std::move(payload);
  domain::EventDocument document(event, "acme");
  return values_of(*index.find(topic, &document));
}

TEST(SubscriptionIndex, AsksForTheDocumentOnlyWhereItMatters) {
  SubscriptionIndex index;
  index.add({1}, wants({"a.b", "c"}));
  index.add({2}, wants({"a.*"}, kIsImage));
  index.add({3}, wants({"d"}, "", kIsImage));
  EXPECT_FALSE(index.find("a.b", nullptr));
  EXPECT_EQ(find(index, "c"), (Values{1}));
  EXPECT_FALSE(index.find("d", nullptr));
  index.remove({2});
  EXPECT_EQ(find(index, "a.b"), (Values{1}));
  index.remove({3});
  EXPECT_TRUE(find(index, "d").empty());
}

TEST(SubscriptionIndex, FindsByTheValuesThatPredicatesNeed) {
  const auto both = R"({"all":[)" + std::string(kIsBig) + "," + std::string(kIsImage) + "]}";
  const auto either = R"({"any":[)" + std::string(kIsBig) + "," + std::string(kIsImage) + "]}";
  SubscriptionIndex index;
  index.add({1}, wants({"a", "*"}, kIsImage));
  index.add({2}, wants({"a"}, both));
  index.add({3}, wants({"a"}, either));
  index.add({4}, wants({"a"}, R"({"path":"$.data.n","op":"in","value":[1,2.0,"1",null,true]})"));
  index.add({5}, wants({"**"}, "", kIsImage));
  index.add({6}, wants({"a"}, std::string(kIsImage) + R"(,{"path":"$.data.n","op":"eq","value":2})"));
  index.add({7}, wants({"a"}, R"({"path":"$.data.n","op":"in","value":[]})"));
  EXPECT_EQ(candidates(index, "a", R"({"kind":"image"})"), (Values{1, 2, 3, 5, 6}));
  EXPECT_EQ(candidates(index, "a", R"({"kind":"video","n":1.0})"), (Values{3, 4, 5}));
  EXPECT_EQ(candidates(index, "a", R"({"n":2})"), (Values{3, 4, 5, 6}));
  EXPECT_EQ(candidates(index, "a", R"({"n":"1"})"), (Values{3, 4, 5}));
  EXPECT_EQ(candidates(index, "a", R"({"n":null})"), (Values{3, 4, 5}));
  EXPECT_EQ(candidates(index, "a", R"({"n":"2"})"), (Values{3, 5}));
  EXPECT_EQ(candidates(index, "a", "7"), (Values{3, 5}));
  for (const std::int64_t key : {1, 2, 4, 6, 7}) index.remove({key});
  EXPECT_EQ(candidates(index, "a", R"({"kind":"image","n":1})"), (Values{3, 5}));
}

TEST(SubscriptionIndex, StandsUnderTheValueThatFewestOthersNeed) {
  SubscriptionIndex index;
  for (std::int64_t key = 1; key <= 20; ++key) {
    const auto mine = R"({"path":"$.data.owner","op":"eq","value":)" + std::to_string(key) + "}";
    index.add({key}, wants({"a"}, R"({"all":[)" + std::string(kIsImage) + "," + mine + "]}"));
  }
  // The first took the kind, which nobody had yet.
  EXPECT_EQ(candidates(index, "a", R"({"kind":"image","owner":15})"), (Values{1, 15}));
}

// Random predicates and events: whoever a scan finds, the index finds too, and predicates then decide alike.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed) : random_(seed) {}

  std::string predicate(int depth) {
    const auto shape = random_.next() % (depth > 0 ? 5 : 2);
    if (shape == 2) return R"({"not":)" + predicate(depth - 1) + "}";
    if (shape > 2) {
      std::string list = predicate(depth - 1);
      for (auto more = random_.next() % 3; more > 0; --more) list += "," + predicate(depth - 1);
      return R"({")" + std::string(shape == 3 ? "all" : "any") + R"(":[)" + list + "]}";
    }
    const std::string path =
        pick({"$.data.a", "$.data['b']", "$.data.list[0]", "$.data.list[*]", "$..a", "$.topic", "$.userId"});
    const std::string op = pick({"eq", "eq", "eq", "in", "ne", "nin", "exists", "contains", "gt"});
    std::string value = op == "gt" ? pick({"1", "\"1\""}) : scalar();
    if (op == "in" || op == "nin") value = "[" + value + "," + scalar() + "]";
    if (op == "exists") value = pick({"true", "false"});
    return R"({"path":")" + path + R"(","op":")" + op + R"(","value":)" + value + "}";
  }
  std::string predicates() {
    std::string list;
    for (auto count = random_.next() % 3; count > 0; --count) list += (list.empty() ? "" : ",") + predicate(3);
    return list;
  }
  std::string payload() {
    std::string list = scalar();
    for (auto more = random_.next() % 3; more > 0; --more) list += "," + scalar();
    std::string text = R"({"list":[)" + list + "]";
    if (random_.next() % 4 > 0) text += R"(,"a":)" + scalar();
    if (random_.next() % 4 > 0) text += R"(,"b":)" + scalar();
    return text + "}";
  }
  std::string topic() { return pick({"x", "x.y", "y"}); }
  std::vector<std::string> patterns() { return {pick({"x", "x.y", "*", "**"}), pick({"x.**", "x", "*.y"})}; }
  std::string user() { return pick({"", "1", "x"}); }
  std::uint64_t next() { return random_.next(); }

 private:
  std::string pick(std::vector<std::string> choices) { return choices[random_.next() % choices.size()]; }
  std::string scalar() {
    return pick({"1", "1.0", "\"1\"", "2", "true", "null", "\"x\"", "\"x.y\"", "18446744073709551615",
                 "1.8446744073709551615e19", "[1]"});
  }

  SeededRandom random_;
};

TEST(SubscriptionIndex, WithPredicatesAgreesWithAScan) {
  std::size_t matched = 0;
  std::size_t spared = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    RandomWorld world(seed);
    SubscriptionIndex index;
    std::map<std::int64_t, domain::SubscriptionSettings> all;
    for (std::int64_t key = 1; key <= 40; ++key) {
      all[key] = wants(world.patterns(), world.predicates(), world.predicates());
      index.add({key}, all[key]);
    }
    for (std::int64_t key = 1; key <= 40; key += 1 + static_cast<std::int64_t>(world.next() % 5)) {
      index.remove({key});
      all.erase(key);
    }
    for (int probe = 0; probe < 30; ++probe) {
      domain::Event event;
      event.topic = world.topic();
      event.user = world.user();
      event.payload = world.payload();
      domain::EventDocument document(event, "acme");
      Values scanned;
      std::size_t of_topic = 0;
      for (const auto& [key, settings] : all) {
        if (std::none_of(settings.topics.begin(), settings.topics.end(),
                         [&](const auto& pattern) { return domain::topic_matches(pattern, event.topic); })) {
          continue;
        }
        ++of_topic;
        if (domain::selects(settings, document)) scanned.push_back(key);
      }
      auto found = *index.find(event.topic, &document);
      spared += of_topic - found.size();
      std::erase_if(found, [&](SubscriptionKey key) { return !domain::selects(all.at(key.value), document); });
      ASSERT_EQ(values_of(found), scanned) << "seed " << seed << " " << event.topic << " " << event.payload;
      matched += scanned.size();
    }
  }
  EXPECT_GT(matched, 1000U);
  EXPECT_GT(spared, 1000U);
}

}  // namespace
}  // namespace posthorn::outbound
