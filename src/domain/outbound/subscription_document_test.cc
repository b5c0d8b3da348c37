#include "domain/outbound/subscription_document.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::domain {
namespace {

Result<SubscriptionSettings> read(std::string_view text) {
  return read_settings(boost::json::parse(text).as_object(), SubscriptionSettings{});
}

TEST(SubscriptionDocument, ReadsWhatItWrites) {
  const auto settings = read(R"({"url":"https://example.com/hook?x=1","topics":["a.*","b.**"],"scope":"s1","description":"d",
    "format":"raw","signatures":[],"headers":{"X-One":"1"},"retry":{"scheduleMs":[5000,300000],"jitter":0},
    "timeoutMs":2000,"enabled":false,"order":"none","rateLimit":null,"include":[],"exclude":[]})");
  ASSERT_TRUE(settings) << settings.error().field << settings.error().message;
  EXPECT_EQ(settings->retry.delays, (std::vector<Milliseconds>{5s, 300s}));
  const auto again = decode_settings(encode_settings(*settings));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *settings);
}

TEST(SubscriptionDocument, ExpandsPresetsAndExponentialPolicies) {
  EXPECT_EQ(read(R"({"retry":{"preset":"standard"}})")->retry, standard_retry_policy());
  const auto exponential = read(R"({"retry":{"baseMs":1000,"factor":2,"maxMs":3000,"retries":3}})");
  EXPECT_EQ(exponential->retry.delays, (std::vector<Milliseconds>{1s, 2s, 3s}));
  EXPECT_EQ(exponential->retry_preset, "");
}

TEST(SubscriptionDocument, AbsentMembersKeepTheirValue) {
  auto base = *read(R"({"url":"https://example.com/","topics":["a"],"description":"old"})");
  const auto changed = read_settings(boost::json::parse(R"({"enabled":false})").as_object(), base);
  base.enabled = false;
  EXPECT_EQ(*changed, base);
}

TEST(SubscriptionDocument, NamesTheFieldOfEveryMistake) {
  const std::pair<std::string, std::string> table[] = {
      {R"({"url":7})", "url"},
      {R"({"url":"ftp://example.com/"})", "url"},
      {R"({"url":"http://user@example.com/"})", "url"},
      {R"({"url":"http://0x7f000001/"})", "url"},
      {R"({"topics":"a"})", "topics"},
      {R"({"topics":[1]})", "topics/0"},
      {R"({"topics":["a","b c"]})", "topics/1"},
      {R"({"topics":["**.a"]})", "topics/0"},
      {R"({"scope":1})", "scope"},
      {R"({"description":[]})", "description"},
      {R"({"format":"xml"})", "format"},
      {R"({"signatures":["v9"]})", "signatures/0"},
      {R"({"signatures":["v1","v1"]})", "signatures/1"},
      {R"({"headers":[]})", "headers"},
      {R"({"headers":{"a b":"c"}})", "headers/a b"},
      {R"({"headers":{"Host":"c"}})", "headers/Host"},
      {R"({"headers":{"Webhook-Id":"c"}})", "headers/Webhook-Id"},
      {R"({"headers":{"X":"a\r\nb"}})", "headers/X"},
      {R"({"headers":{"X":1}})", "headers/X"},
      {R"({"headers":{"X":"1","x":"2"}})", "headers/x"},
      {R"({"retry":{}})", "retry"},
      {R"({"retry":{"preset":"none"}})", "retry/preset"},
      {R"({"retry":{"scheduleMs":[1,-1]}})", "retry/scheduleMs/1"},
      {R"({"retry":{"scheduleMs":[1.5]}})", "retry/scheduleMs/0"},
      {R"({"retry":{"scheduleMs":[],"jitter":2}})", "retry/jitter"},
      {R"({"retry":{"baseMs":0,"retries":3}})", "retry/baseMs"},
      {R"({"retry":{"baseMs":5}})", "retry/retries"},
      {R"({"retry":{"baseMs":5,"retries":51}})", "retry/retries"},
      {R"({"retry":{"preset":"standard","extra":1}})", "retry/extra"},
      {R"({"timeoutMs":99})", "timeoutMs"},
      {R"({"timeoutMs":60001})", "timeoutMs"},
      {R"({"enabled":"yes"})", "enabled"},
      {R"({"include":[{}]})", "include"},
      {R"({"order":"fifo"})", "order"},
      {R"({"rateLimit":{"perSecond":1}})", "rateLimit"},
      {R"({"uid":"a b"})", "uid"},
      {R"({"uid":"0198f0a2-7c1e-7a3b-8d54-2f9c1e6b7a10"})", "uid"},
      {R"({"name":5})", "name"},
      {R"({"metadata":{"a":1}})", "metadata/a"},
      {R"({"metadata":[]})", "metadata"},
      {R"({"colour":"red"})", "colour"},
  };
  for (const auto& [text, field] : table) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().field, field) << text;
    EXPECT_FALSE(settings.error().message.empty());
  }
}

TEST(SubscriptionDocument, NeedsUrlAndTopics) {
  EXPECT_EQ(check_settings(SubscriptionSettings{}).error().field, "url");
  EXPECT_EQ(check_settings(*read(R"({"url":"https://example.com/"})")).error().field, "topics");
  EXPECT_TRUE(check_settings(*read(R"({"url":"https://example.com/","topics":["a"]})")));
}

}  // namespace
}  // namespace posthorn::domain
