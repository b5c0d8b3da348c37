#include "outbound/subscription_index.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "domain/outbound/topic.h"

namespace posthorn::outbound {
namespace {

std::vector<std::int64_t> find(const SubscriptionIndex& index, std::string_view topic) {
  std::vector<std::int64_t> values;
  for (const auto key : index.find(topic)) values.push_back(key.value);
  return values;
}

TEST(SubscriptionIndex, FindsEachMatchOnceInOrder) {
  SubscriptionIndex index;
  index.add({3}, {"a.*", "a.b", "**"});
  index.add({1}, {"a.b"});
  index.add({2}, {"a.b.c", "*.*"});
  index.add({4}, {"a.**"});
  EXPECT_EQ(find(index, "a.b"), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(find(index, "a"), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(find(index, "x.y"), (std::vector<std::int64_t>{2, 3}));
}

TEST(SubscriptionIndex, ForgetsWhatIsRemoved) {
  SubscriptionIndex index;
  index.add({1}, {"a.b", "a.**"});
  index.add({2}, {"a.b"});
  index.remove({1}, {"a.b", "a.**"});
  EXPECT_EQ(find(index, "a.b"), (std::vector<std::int64_t>{2}));
  index.remove({2}, {"a.b"});
  EXPECT_TRUE(find(index, "a.b").empty());
  index.remove({2}, {"never.there"});
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
      index.add({key}, patterns.back());
    }
    for (std::int64_t key = 0; key < 40; key += 3) {
      index.remove({key}, patterns[static_cast<std::size_t>(key)]);
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

}  // namespace
}  // namespace posthorn::outbound
