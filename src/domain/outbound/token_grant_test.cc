#include "domain/outbound/token_grant.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posthorn::domain {
namespace {

EndpointAuthentication client(std::string id, std::string secret, std::string scope = "") {
  EndpointAuthentication authentication;
  authentication.kind = EndpointAuthentication::Kind::oauth2;
  authentication.token_url = "https://login.example/token";
  authentication.client_id = std::move(id);
  authentication.client_secret = std::move(secret);
  authentication.scope = std::move(scope);
  return authentication;
}

TEST(TokenRequest, TellsTheClientAsHttpBasic) {
  const auto request = token_request(client("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "read write"));
  EXPECT_EQ(request.body, "grant_type=client_credentials&scope=read+write");
  // RFC 6749, 2.3.1: the example.
  EXPECT_NE(request.header_lines.find("Authorization: Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3\r\n"),
            std::string::npos);
  EXPECT_NE(request.header_lines.find("Content-Type: application/x-www-form-urlencoded\r\n"), std::string::npos);
}

TEST(TokenRequest, EncodesIdAndSecretBeforeBasicDoes) {
  const auto request = token_request(client("a:b", "p%/+ x"));
  EXPECT_NE(request.header_lines.find("Basic " + base64_encode("a%3Ab:p%25%2F%2B+x") + "\r\n"), std::string::npos);
  EXPECT_EQ(request.body, "grant_type=client_credentials");
}

TEST(TokenRequest, TellsTheClientInTheFormWhenAsked) {
  auto authentication = client("a&b", "p=1");
  authentication.client_authentication = EndpointAuthentication::ClientAuthentication::body;
  const auto request = token_request(authentication);
  EXPECT_EQ(request.body, "grant_type=client_credentials&client_id=a%26b&client_secret=p%3D1");
  EXPECT_EQ(request.header_lines.find("Authorization"), std::string::npos);
}

TEST(TokenAnswer, IsUsableUntilShortlyBeforeItsEnd) {
  struct Case {
    std::string_view expires;
    std::int64_t usable;
  };
  const Case cases[] = {
      {R"(,"expires_in":3600)", 3570},
      {R"(,"expires_in":"3600")", 3570},
      {R"(,"expires_in":60.9)", 45},
      {R"(,"expires_in":4)", 3},
      {R"(,"expires_in":0)", 0},
      {R"(,"expires_in":-5)", 0},
      {"", 270},
      {R"(,"expires_in":null)", 270},
      {R"(,"expires_in":"soon")", 270},
      {R"(,"expires_in":1e300)", 24 * 3600 - 30},
  };
  for (const auto& row : cases) {
    const auto grant =
        read_token_answer(200, R"({"access_token":"t.1","token_type":"bearer")" + std::string(row.expires) + "}");
    ASSERT_TRUE(grant) << row.expires;
    EXPECT_EQ(grant->token, "t.1");
    EXPECT_EQ(grant->usable_for.count(), row.usable) << row.expires;
  }
}

TEST(TokenAnswer, RefusesWhatCannotBeSentAndRepeatsNothing) {
  struct Case {
    int status;
    std::string_view body, says;
  };
  const std::string long_token = R"({"access_token":")" + std::string(kTokenBytesMax + 1, 'x') + "\"}";
  const Case cases[] = {
      {401, R"({"error":"invalid_client","error_description":"hush"})", "answered 401: invalid_client"},
      {400, R"({"error":"hush hush"})", "answered 400"},
      {400, R"({"error":7})", "answered 400"},
      {500, "hush", "answered 500"},
      {302, "", "answered 302"},
      {200, "hush", "not a JSON object"},
      {200, "[]", "not a JSON object"},
      {200, "{}", "no usable access_token"},
      {200, R"({"access_token":""})", "no usable access_token"},
      {200, R"({"access_token":5})", "no usable access_token"},
      {200, R"({"access_token":"hush\r\nX: y"})", "no usable access_token"},
      {200, R"({"access_token":"hush hush"})", "no usable access_token"},
      {200, long_token, "no usable access_token"},
      {200, R"({"access_token":"hush","token_type":"mac"})", "not of type Bearer"},
  };
  for (const auto& row : cases) {
    const auto grant = read_token_answer(row.status, row.body);
    ASSERT_FALSE(grant) << row.body;
    EXPECT_NE(grant.error().message.find(row.says), std::string::npos) << grant.error().message;
    EXPECT_EQ(grant.error().message.find("hush"), std::string::npos) << grant.error().message;
  }
}

}  // namespace
}  // namespace posthorn::domain
