#include "api/orangelogic/subscription.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::api::orangelogic {
namespace {

Result<domain::SubscriptionSettings> read(std::string_view text) {
  return read_subscription(boost::json::parse(text).get_object(), blank_subscription());
}

TEST(OrangeLogicSubscription, StartsUnsignedWithFiveRetries) {
  const auto settings = read(R"({"targetUrl":"https://r.example/","topics":["document.*"]})");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->format, domain::Format::orangelogic);
  EXPECT_EQ(settings->retry.delays.size(), 5U);
  EXPECT_TRUE(settings->signatures.empty());
}

TEST(OrangeLogicSubscription, ReadsItsOwnNumbers) {
  const auto settings =
      read(R"({"targetUrl":"https://r.example/","topics":["a"],"maxRetries":2,"timeoutSeconds":7,"active":false})");
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->retry.delays, (std::vector<Milliseconds>{Milliseconds(30'000), Milliseconds(60'000)}));
  EXPECT_EQ(settings->timeout, Milliseconds(7'000));
  EXPECT_FALSE(settings->enabled);
}

TEST(OrangeLogicSubscription, NamesTheirMemberOfEveryMistake) {
  struct Case {
    std::string_view text, field;
  };
  for (const auto& [text, field] :
       {Case{R"({"topics":["a"]})", "targetUrl"},
        {R"({"targetUrl":"ftp://r.example/","topics":["a"]})", "targetUrl"},
        {R"({"targetUrl":"https://r.example/"})", "topics"},
        {R"({"targetUrl":"https://r.example/","topics":["a b"]})", "topics/0"},
        {R"({"targetUrl":"https://r.example/","topics":["a"],"maxRetries":-1})", "maxRetries"},
        {R"({"targetUrl":"https://r.example/","topics":["a"],"timeoutSeconds":"1"})", "timeoutSeconds"},
        {R"({"targetUrl":"https://r.example/","topics":["a"],"customHeaders":{"Host":"x"}})", "customHeaders/Host"},
        {R"({"targetUrl":"https://r.example/","topics":["a"],"active":1})", "active"}}) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_EQ(settings.error().field, field) << text;
  }
}

TEST(OrangeLogicSubscription, TakesNamesInEveryCase) {
  const auto object = boost::json::parse(R"({"TARGETURL":1,"Topics":2})").get_object();
  const auto spelled = with_known_names(object, {"targetUrl", "topics"});
  ASSERT_TRUE(spelled);
  EXPECT_TRUE(spelled->contains("targetUrl"));
  EXPECT_TRUE(spelled->contains("topics"));
  EXPECT_EQ(with_known_names(object, {"topics"}).error().field, "TARGETURL");
  EXPECT_EQ(with_known_names(boost::json::parse(R"({"A":1,"a":2})").get_object(), {"a"}).error().field, "a");
}

}  // namespace
}  // namespace posthorn::api::orangelogic
