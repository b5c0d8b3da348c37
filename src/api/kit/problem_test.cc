#include "api/kit/problem.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

std::string header(const net::HttpResponse& response, std::string_view name) {
  for (const auto& one : response.headers) {
    if (one.name == name) return one.value;
  }
  return "absent";
}

TEST(Problem, HasOneStatusForEachKind) {
  const std::vector<std::pair<ErrorKind, int>> rows{
      {ErrorKind::invalid_argument, 422},
      {ErrorKind::malformed, 400},
      {ErrorKind::unauthenticated, 401},
      {ErrorKind::forbidden, 403},
      {ErrorKind::not_found, 404},
      {ErrorKind::conflict, 409},
      {ErrorKind::precondition_failed, 412},
      {ErrorKind::payload_too_large, 413},
      {ErrorKind::unavailable, 503},
      {ErrorKind::deadline_exceeded, 503},
      {ErrorKind::fenced, 503},
      {ErrorKind::internal, 500},
  };
  for (const auto& [kind, status] : rows) EXPECT_EQ(status_of({kind, "x", "", {}, {}}), status);
  EXPECT_EQ(status_of(method_not_allowed("PUT")), 405);
  EXPECT_EQ(status_of(unsupported_media_type()), 415);
}

TEST(Problem, NamesTheFieldAndTheRequest) {
  const auto response = problem_response(invalid("retry/scheduleMs/0", "must be a \"number\"", "wrong_type"), "req1");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:posthorn:problem:wrong_type","title":"A value is not acceptable","status":422,)"
            R"("detail":"must be a \"number\"","code":"wrong_type","field":"retry/scheduleMs/0","requestId":"req1"})");
  EXPECT_EQ(header(response, "WWW-Authenticate"), "absent");
  EXPECT_EQ(header(response, "Retry-After"), "absent");
}

TEST(Problem, SaysWhenToTryAgainAndHowToSignIn) {
  EXPECT_EQ(header(problem_response(unavailable("full", "disk_full", std::chrono::seconds(7)), "r"), "Retry-After"), "7");
  EXPECT_EQ(header(problem_response({ErrorKind::unauthenticated, "unauthenticated", "", {}, {}}, "r"), "WWW-Authenticate"),
            "Bearer");
}

TEST(Problem, KeepsInnerWordsInside) {
  const auto response = problem_response({ErrorKind::internal, "cannot_unseal", "key 7 is gone", "secret", {}}, "r");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body.find("key 7"), std::string::npos);
  EXPECT_EQ(response.body.find("cannot_unseal"), std::string::npos);
  EXPECT_EQ(response.body.find("\"field\""), std::string::npos);
}

TEST(ProblemOfStatus, AnswersWhatTheServerRefusesByItself) {
  for (const int status : {400, 408, 413, 414, 417, 431, 503}) {
    const auto response = problem_of_status(status, "words", "r");
    EXPECT_EQ(response.status, status);
    EXPECT_NE(response.body.find("\"status\":" + std::to_string(status)), std::string::npos);
    EXPECT_NE(response.body.find("\"detail\":\"words\""), std::string::npos);
    EXPECT_EQ(header(response, "Retry-After"), status == 503 ? "1" : "absent");
  }
}

TEST(ProblemOfStatus, AVersionThatIsNotSpokenIsNoOutage) {
  const auto response = problem_of_status(505, "words", "r");
  EXPECT_EQ(response.status, 505);
  EXPECT_NE(response.body.find("\"code\":\"http_version_not_supported\""), std::string::npos) << response.body;
  EXPECT_EQ(status_of(*error_of_status(505, "words")), 505);
}

TEST(ProblemOfStatus, AnOverfullServerSaysWhenToTryAgain) {
  const auto error = error_of_status(503, "words");
  ASSERT_TRUE(error);
  EXPECT_EQ(status_of(*error), 503);
  EXPECT_EQ(header(problem_response(*error, "r"), "Retry-After"), "1");
}

}  // namespace
}  // namespace posthorn::api
