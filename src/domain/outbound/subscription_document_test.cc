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
  EXPECT_EQ(read(R"({"retry":{"preset":"ovation"}})")->retry, find_retry_preset("ovation")->policy);
  const auto bounded = read(R"({"retry":{"preset":"ovation","maxMs":100000,"jitter":0.5,"endOn":[422,400]}})");
  EXPECT_EQ(bounded->retry.delays, (std::vector<Milliseconds>{64s, 100s}));
  EXPECT_EQ(bounded->retry.end_on, (std::vector<std::uint16_t>{400, 422}));
  EXPECT_EQ(*decode_settings(encode_settings(*bounded)), *bounded);
}

TEST(SubscriptionDocument, TakesThePresetsTimeoutUnlessOneIsGiven) {
  EXPECT_EQ(read(R"({"retry":{"preset":"ovation"}})")->timeout, 10s);
  EXPECT_EQ(read(R"({"retry":{"preset":"ovation"},"timeoutMs":15000})")->timeout, 15s);
  EXPECT_EQ(read(R"({"retry":{"scheduleMs":[]}})")->timeout, kAttemptTimeoutDefault);
  const auto change = [](std::string_view before, std::string_view after) {
    return read_settings(boost::json::parse(after).as_object(), *read(before))->timeout;
  };
  EXPECT_EQ(change(R"({"retry":{"preset":"ovation"}})", R"({"retry":{"preset":"standard"}})"), 15s);
  EXPECT_EQ(change(R"({"timeoutMs":2000})", R"({"retry":{"preset":"ovation"}})"), 2s) << "a chosen one stays";
  EXPECT_EQ(change(R"({"retry":{"preset":"ovation"}})", R"({"description":"other"})"), 10s);
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
      {R"({"scope":""})", "scope"},
      {R"({"description":[]})", "description"},
      {R"({"format":"xml"})", "format"},
      {R"({"signatures":["v9"]})", "signatures/0"},
      {R"({"signatures":["v1","v1"]})", "signatures/1"},
      {R"({"signatureHeaders":[]})", "signatureHeaders"},
      {R"({"signatureHeaders":{"v2":"X-A"}})", "signatureHeaders/v2"},
      {R"({"signatureHeaders":{"v1":"X-A"}})", "signatureHeaders/v1"},
      {R"({"signatureHeaders":{"secret":7}})", "signatureHeaders/secret"},
      {R"({"signatureHeaders":{"secret":"a b"}})", "signatureHeaders/secret"},
      {R"({"signatureHeaders":{"secret":"Content-Length"}})", "signatureHeaders/secret"},
      {R"({"signatureHeaders":{"secret":"webhook-id"}})", "signatureHeaders/secret"},
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
      {R"({"retry":{"preset":"standard","maxMs":0}})", "retry/maxMs"},
      {R"({"retry":{"preset":"standard","endOn":410}})", "retry/endOn"},
      {R"({"retry":{"preset":"standard","endOn":[400,200]}})", "retry/endOn/1"},
      {R"({"retry":{"preset":"standard","endOn":[400,"410"]}})", "retry/endOn/1"},
      {R"({"retry":{"preset":"standard","endOn":[400,410,400]}})", "retry/endOn/2"},
      {R"({"timeoutMs":99})", "timeoutMs"},
      {R"({"timeoutMs":60001})", "timeoutMs"},
      {R"({"enabled":"yes"})", "enabled"},
      {R"({"include":[{}]})", "include/0"},
      {R"({"order":"lifo"})", "order"},
      {R"({"rateLimit":1})", "rateLimit"},
      {R"({"uid":"a b"})", "uid"},
      {R"({"uid":""})", "uid"},
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

TEST(SubscriptionDocument, KeepsFormatAndSignatures) {
  const auto settings = read(R"({"format":"cloudevents-structured","signatures":["v1a","hub-sha256","timestamped","secret"],
    "signatureHeaders":{"timestamped":"Stripe-Signature","secret":"X-Token"}})");
  ASSERT_TRUE(settings) << settings.error().field;
  EXPECT_EQ(settings->format, Format::cloudevents);
  EXPECT_EQ(settings->signatures.size(), 4U);
  EXPECT_EQ(*decode_settings(encode_settings(*settings)), *settings);
  const auto back = read_settings(boost::json::parse(R"({"signatureHeaders":{}})").as_object(), *settings);
  EXPECT_TRUE(back->signature_headers.empty());
}

TEST(SubscriptionDocument, WritesNoHeaderTwice) {
  const std::string start = R"({"url":"https://example.com/","topics":["a"],)";
  const std::pair<std::string, std::string> table[] = {
      {R"("signatures":["ol-sha256","ol-sha512"]})", "signatures/1"},
      {R"("signatures":["secret","timestamped"],"signatureHeaders":{"secret":"posthorn-signature"}})", "signatures/1"},
      {R"("signatures":["hub-sha256"],"headers":{"x-hub-signature-256":"a"}})", "headers/x-hub-signature-256"},
      {R"("format":"cloudevents-binary","headers":{"Ce-Id":"a"}})", "headers/Ce-Id"},
      {R"("format":"cloudevents-binary","signatureHeaders":{"secret":"CE-Secret"}})", "signatureHeaders/secret"},
  };
  for (const auto& [rest, field] : table) {
    const auto checked = check_settings(*read(start + rest));
    ASSERT_FALSE(checked) << rest;
    EXPECT_EQ(checked.error().field, field);
  }
  for (const std::string rest :
       {R"("signatures":["v1","v1a"]})",
        R"("signatures":["ol-sha256","ol-sha512"],"signatureHeaders":{"ol-sha512":"x-ol-512"}})",
        R"("format":"cloudevents","headers":{"Ce-Id":"a"}})", R"("signatures":[],"headers":{"x-hub-signature-256":"a"}})"}) {
    EXPECT_TRUE(check_settings(*read(start + rest))) << rest;
  }
}

TEST(SubscriptionDocument, NeedsUrlAndTopics) {
  EXPECT_EQ(check_settings(SubscriptionSettings{}).error().field, "url");
  EXPECT_EQ(check_settings(*read(R"({"url":"https://example.com/"})")).error().field, "topics");
  EXPECT_TRUE(check_settings(*read(R"({"url":"https://example.com/","topics":["a"]})")));
}

}  // namespace
}  // namespace posthorn::domain
