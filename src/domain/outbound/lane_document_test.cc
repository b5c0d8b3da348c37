#include "domain/outbound/lane_document.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "domain/outbound/subscription_document.h"

namespace posthorn::domain {
namespace {

Result<SubscriptionSettings> read(const std::string& text, SubscriptionSettings base = {}) {
  return read_settings(boost::json::parse(text).get_object(), std::move(base));
}

TEST(LaneDocument, ReadsAndWritesWhatALaneIsToDo) {
  const auto settings = read(R"({"order":{"key":"$.data.id"},"rateLimit":{"perSecond":2.5,"burst":3},"concurrency":2,
      "priority":"high","batching":{"maxEvents":10,"maxBytes":4096,"maxWaitMs":500},"disableAfterMs":0})");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->order.mode, Order::Mode::keyed);
  EXPECT_EQ(settings->order.key, "$.data.id");
  ASSERT_NE(settings->order.path, nullptr);
  EXPECT_EQ(settings->rate_limit, (RateLimit{2.5, 3}));
  EXPECT_EQ(settings->concurrency, 2u);
  EXPECT_EQ(settings->priority, Priority::high);
  EXPECT_EQ(settings->batching, (Batching{10, 4096, Milliseconds(500)}));
  EXPECT_EQ(settings->disable_after, Milliseconds(0));
  const auto again = decode_settings(encode_settings(*settings));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *settings);
  EXPECT_NE(again->order.path, nullptr);
}

TEST(LaneDocument, LeavesOutWhatIsAbsentAndTakesBackWhatIsNull) {
  const auto settings = read(R"({"order":"fifo","rateLimit":{"perSecond":5},"concurrency":2,"batching":{"maxEvents":3},
      "disableAfterMs":60000})");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->rate_limit, (RateLimit{5, 1}));
  const auto kept = read("{}", *settings);
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, *settings);
  const auto cleared =
      read(R"({"order":"none","rateLimit":null,"concurrency":null,"batching":null,"disableAfterMs":null})", *settings);
  ASSERT_TRUE(cleared) << cleared.error().message;
  EXPECT_EQ(*cleared, SubscriptionSettings{});
}

TEST(LaneDocument, NamesTheMemberThatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"order":"lifo"})", "order"},
      {R"({"order":7})", "order"},
      {R"({"order":{}})", "order/key"},
      {R"({"order":{"key":"data.id"}})", "order/key"},
      {R"({"order":{"key":"$.data.*"}})", "order/key"},
      {R"({"order":{"key":"$..id"}})", "order/key"},
      {R"({"order":{"key":"$.a","more":1}})", "order/more"},
      {R"({"rateLimit":5})", "rateLimit"},
      {R"({"rateLimit":{}})", "rateLimit/perSecond"},
      {R"({"rateLimit":{"perSecond":0}})", "rateLimit/perSecond"},
      {R"({"rateLimit":{"perSecond":-1}})", "rateLimit/perSecond"},
      {R"({"rateLimit":{"perSecond":1,"burst":0}})", "rateLimit/burst"},
      {R"({"concurrency":0})", "concurrency"},
      {R"({"concurrency":65})", "concurrency"},
      {R"({"priority":"highest"})", "priority"},
      {R"({"batching":{}})", "batching/maxEvents"},
      {R"({"batching":{"maxEvents":0}})", "batching/maxEvents"},
      {R"({"batching":{"maxEvents":2,"maxBytes":10}})", "batching/maxBytes"},
      {R"({"batching":{"maxEvents":2,"maxWaitMs":-1}})", "batching/maxWaitMs"},
      {R"({"disableAfterMs":-1})", "disableAfterMs"},
  };
  for (const auto& [text, field] : rows) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().field, field) << text;
  }
}

TEST(LaneDocument, FindsATenantsRateLimitInItsSettings) {
  EXPECT_EQ(*read_tenant_rate_limit("{}"), std::nullopt);
  EXPECT_EQ(*read_tenant_rate_limit(R"({"rateLimit":null,"other":[1]})"), std::nullopt);
  EXPECT_EQ(*read_tenant_rate_limit(R"({"rateLimit":{"perSecond":100,"burst":10}})"), (RateLimit{100, 10}));
  const auto wrong = read_tenant_rate_limit(R"({"rateLimit":{"perSecond":"fast"}})");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().field, "settings/rateLimit/perSecond");
}

}  // namespace
}  // namespace posthorn::domain
