#include "api/ovation/webhook_endpoint.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace posthorn::api::ovation {
namespace {

boost::system::result<EndpointInput, Problems> read(std::string_view text, Purpose purpose = Purpose::create) {
  return read_endpoint(boost::json::parse(text).get_object(), purpose);
}

TEST(OvationEndpoint, TakesNamesInEveryCase) {
  for (const std::string_view text :
       {R"({"webhookEndpoint":{"targetUrl":"https://r.example/","event":"report_signed","username":"u","password":"p"}})",
        R"({"webhook_endpoint":{"target_url":"https://r.example/","event":"report_signed","username":"u","password":"p"}})",
        R"({"WebhookEndpoint":{"TargetUrl":"https://r.example/","Event":"report_signed","Username":"u","Password":"p"}})"}) {
    const auto input = read(text);
    ASSERT_TRUE(input) << text;
    EXPECT_EQ(input->target_url, "https://r.example/");
    EXPECT_EQ(input->event, "report_signed");
    EXPECT_EQ(input->username, "u");
    EXPECT_EQ(input->password, "p");
  }
}

TEST(OvationEndpoint, ConvertsNamesAsOvationDoes) {
  struct Case {
    std::string_view given, snake;
  };
  for (const auto& [given, snake] : {Case{"TargetUrl", "target_url"},
                                     {"targetUrl", "target_url"},
                                     {"target_url", "target_url"},
                                     {"requestHeaders", "request_headers"},
                                     {"Event", "event"},
                                     {"targetURL", "target_url"}}) {
    EXPECT_EQ(snake_case(given), snake);
  }
}

TEST(OvationEndpoint, TellsEveryMistakeAtOnce) {
  const auto input = read(R"({"webhookEndpoint":{"event":"unknown","requestHeaders":{"Host":"x"}}})");
  ASSERT_FALSE(input);
  const Problems expected{"target_url is required", "Event not found", "username is required", "password is required",
                          "request_headers/Host is a header that the server sets itself"};
  EXPECT_EQ(input.error(), expected);
  EXPECT_EQ(read(R"({"other":{}})").error(), Problems{"webhookEndpoint is required"});
}

TEST(OvationEndpoint, TakesTheOtherNameOfACorrection) {
  const auto input = read(
      R"({"webhookEndpoint":{"targetUrl":"https://r.example/","event":"report_correction_signed","username":"u","password":"p"}})");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->event, "report_corrected");
}

TEST(OvationEndpoint, KeepsAPasswordThatIsNotGivenAgain) {
  const auto input = read(
      R"({"webhookEndpoint":{"targetUrl":"https://r.example/","event":"report_signed","username":"other"}})", Purpose::update);
  ASSERT_TRUE(input);
  domain::SubscriptionSecrets stored;
  stored.authentication.username = "u";
  stored.authentication.password = "p";
  stored.headers = {{"api-key", "k"}};
  const auto changed = apply(*input, stored);
  EXPECT_EQ(changed.authentication.username, "other");
  EXPECT_EQ(changed.authentication.password, "p");
  EXPECT_EQ(changed.headers, stored.headers);
}

TEST(OvationEndpoint, HasTenSecondsAndTwoMoreTries) {
  const auto settings = blank_endpoint("42");
  EXPECT_EQ(settings.timeout, Milliseconds(10'000));
  EXPECT_EQ(settings.retry.delays, (std::vector<Milliseconds>{Milliseconds(64'000), Milliseconds(729'000)}));
  EXPECT_EQ(settings.scope, "42");
  EXPECT_TRUE(settings.signatures.empty());
}

}  // namespace
}  // namespace posthorn::api::ovation
