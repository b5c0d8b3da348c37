#include "api/kit/token_call.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace posthorn::api {
namespace {

struct Row {
  std::string body;
  std::string authorization;
  std::string outcome;  // "id/secret/scope" or the error's code
};

std::string outcome_of(const Row& row) {
  net::HttpRequest request;
  request.body = row.body;
  if (!row.authorization.empty()) request.headers.add("Authorization", row.authorization);
  const auto call = read_token_call(request);
  if (!call) return std::string(call.error().code);
  return call->client_id + '/' + call->client_secret + '/' + call->scope;
}

std::string basic(std::string_view text) { return "Basic " + base64_encode(text); }

TEST(ReadTokenCall, TakesIdAndSecretFromOnePlace) {
  const std::string grant = "grant_type=client_credentials";
  const std::vector<Row> rows{
      {grant + "&client_id=i&client_secret=s", "", "i/s/"},
      {grant + "&client_id=i&client_secret=s&scope=a+b&resource=x", "", "i/s/a b"},
      {grant, basic("i:s"), "i/s/"},
      {grant, "basic " + base64_encode("i:s:t"), "i/s:t/"},
      {grant, basic("i%3A1:s%25+x"), "i:1/s% x/"},
      {grant + "&client_id=i", basic("i:s"), "i/s/"},
      {grant + "&client_id=j", basic("i:s"), "invalid_request"},
      {grant + "&client_secret=s", basic("i:s"), "invalid_request"},
      {grant, basic("i:"), "invalid_client"},
      {grant, basic("i"), "invalid_client"},
      {grant, basic("%:s"), "invalid_client"},
      {grant, "Basic ???", "invalid_client"},
      {grant, "Bearer x", "invalid_client"},
      {grant, "", "invalid_client"},
      {grant + "&client_id=i", "", "invalid_client"},
      {"client_id=i&client_secret=s", "", "invalid_request"},
      {"grant_type=&client_id=i&client_secret=s", "", "invalid_request"},
      {"grant_type=password&client_id=i&client_secret=s", "", "unsupported_grant_type"},
      {grant + "&client_id=i&client_id=j&client_secret=s", "", "invalid_request"},
      {grant + "&client_id=%", "", "invalid_request"},
      {"", "", "invalid_request"},
  };
  for (const auto& row : rows) EXPECT_EQ(outcome_of(row), row.outcome) << row.body << " | " << row.authorization;
}

TEST(WriteOAuthError, UsesTheWordsOfTheStandard) {
  const net::HttpRequest request;
  const RequestContext context(request);
  const auto written = [&](const Error& error) {
    const auto response = write_oauth_error(error, context);
    return std::to_string(response.status) + ' ' + response.body.substr(0, response.body.find(','));
  };
  EXPECT_EQ(written({ErrorKind::unauthenticated, "invalid_client", "m", {}, {}}), R"(401 {"error":"invalid_client")");
  EXPECT_EQ(written(invalid("scope", "m", "invalid_scope")), R"(400 {"error":"invalid_scope")");
  EXPECT_EQ(written(invalid("x", "m", "unknown_parameter")), R"(400 {"error":"invalid_request")");
  EXPECT_EQ(written(too_many_requests("m", std::chrono::seconds(3))), R"(429 {"error":"temporarily_unavailable")");
  EXPECT_EQ(written(unavailable("m")), R"(503 {"error":"temporarily_unavailable")");
  EXPECT_EQ(written(internal_error("m")), R"(500 {"error":"server_error")");
}

TEST(WriteOAuthError, AsksForBasicAndForbidsCaching) {
  const net::HttpRequest request;
  const RequestContext context(request);
  const auto response = write_oauth_error({ErrorKind::unauthenticated, "invalid_client", "m", {}, {}}, context);
  std::string names;
  for (const auto& header : response.headers) names += header.name + '=' + header.value + ';';
  EXPECT_EQ(names, "Cache-Control=no-store;Pragma=no-cache;WWW-Authenticate=Basic realm=\"posthorn\";");
}

TEST(TokenAnswer, IsRfc6749s) {
  const auto response = token_answer({"t", std::chrono::seconds(3600), "viewer", {}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"viewer"})");
  EXPECT_EQ(response.headers.front().value, "no-store");
}

}  // namespace
}  // namespace posthorn::api
