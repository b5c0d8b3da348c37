#include "domain/outbound/topic.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

TEST(Topic, AcceptsDottedSegmentsAndRefusesTheRest) {
  const std::pair<std::string, bool> table[] = {
      {"a", true},
      {"document.deleted", true},
      {"A-1_b.c", true},
      {"", false},
      {".", false},
      {"a.", false},
      {".a", false},
      {"a..b", false},
      {"a b", false},
      {"a.*", false},
      {"\xc3\xa9", false},
      {"a/b", false},
      {"a\n", false},
      {std::string(256, 'a'), true},
      {std::string(257, 'a'), false},
      {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", true},
      {"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", false},
  };
  for (const auto& [text, accepted] : table) {
    const auto checked = check_topic(text, "topic");
    EXPECT_EQ(checked.has_value(), accepted) << text;
    if (!checked) {
      EXPECT_EQ(checked.error().field, "topic");
    }
  }
}

TEST(TopicPattern, AllowsWildcardsOnlyAsWholeSegmentsAndDoubleStarLast) {
  const std::pair<std::string, bool> table[] = {
      {"*", true},   {"**", true},    {"a.*", true},     {"*.a", true},  {"a.**", true},  {"*.*.**", true},
      {"a*", false}, {"**.a", false}, {"a.**.b", false}, {"***", false}, {"a.*b", false}, {"", false},
  };
  for (const auto& [text, accepted] : table) EXPECT_EQ(check_topic_pattern(text, "topics/0").has_value(), accepted) << text;
}

TEST(TopicPattern, MatchesOneSegmentForStarAndTheRestForDoubleStar) {
  struct Case {
    std::string pattern, topic;
    bool matched;
  };
  const Case table[] = {
      {"a.b", "a.b", true},  {"a.b", "a.c", false},   {"a.b", "a", false},     {"a", "a.b", false},    {"a.*", "a.b", true},
      {"a.*", "a", false},   {"a.*", "a.b.c", false}, {"*.b", "a.b", true},    {"**", "a", true},      {"**", "a.b.c", true},
      {"a.**", "a", false},  {"a.**", "a.b", true},   {"a.**", "a.b.c", true}, {"a.**", "b.a", false}, {"*.**", "a", false},
      {"*.**", "a.b", true}, {"*", "a", true},        {"*", "a.b", false},     {"A", "a", false},
  };
  for (const auto& [pattern, topic, matched] : table)
    EXPECT_EQ(topic_matches(pattern, topic), matched) << pattern << " " << topic;
}

TEST(TopicPattern, MatchesTheServersOwnTopicsOnlyByTheirFirstWord) {
  EXPECT_FALSE(topic_matches("**", "posthorn.delivery.exhausted"));
  EXPECT_FALSE(topic_matches("*.delivery.exhausted", "posthorn.delivery.exhausted"));
  EXPECT_FALSE(topic_matches("*.**", "posthorn.delivery.exhausted"));
  EXPECT_TRUE(topic_matches("posthorn.**", "posthorn.delivery.exhausted"));
  EXPECT_TRUE(topic_matches("posthorn.*.exhausted", "posthorn.delivery.exhausted"));
  EXPECT_TRUE(topic_matches("**", "posthorns.delivery.exhausted"));
}

}  // namespace
}  // namespace posthorn::domain
