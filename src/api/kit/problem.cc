#include "api/kit/problem.h"

#include <array>

#include "api/kit/json_writer.h"
#include "base/limits.h"

namespace posthorn::api {
namespace {

constexpr std::string_view kProblemType = "application/problem+json";

struct ProblemRow {
  int status;
  std::string_view code;
  std::string_view title;
};

ProblemRow row_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return {422, "invalid_value", "A value is not acceptable"};
    case ErrorKind::malformed:
      return {400, "malformed", "The request cannot be read"};
    case ErrorKind::unauthenticated:
      return {401, "unauthenticated", "Credentials are needed"};
    case ErrorKind::forbidden:
      return {403, "forbidden", "Not allowed"};
    case ErrorKind::not_found:
      return {404, "not_found", "Not found"};
    case ErrorKind::conflict:
      return {409, "conflict", "In conflict with what is there"};
    case ErrorKind::precondition_failed:
      return {412, "precondition_failed", "The object has changed"};
    case ErrorKind::payload_too_large:
      return {413, "payload_too_large", "Too large"};
    case ErrorKind::too_many_requests:
      return {429, "too_many_requests", "Too many requests"};
    case ErrorKind::unavailable:
    case ErrorKind::deadline_exceeded:
    case ErrorKind::fenced:
      return {503, "unavailable", "Not available now"};
    case ErrorKind::internal:
      break;
  }
  return {500, "internal", "The server failed"};
}

// What HTTP itself finds, told apart by code or by status.
constexpr std::array<ProblemRow, 10> kHttpRows{{
    {400, "bad_request", "The request cannot be read"},
    {405, "method_not_allowed", "The method does not fit the path"},
    {408, "request_timeout", "The request came too slowly"},
    {413, "payload_too_large", "Too large"},
    {414, "target_too_long", "The path is too long"},
    {415, "unsupported_media_type", "The body's media type is not accepted"},
    {417, "expectation_failed", "The expectation cannot be met"},
    {429, "too_many_requests", "Too many requests"},
    {431, "head_too_large", "The request's head is too large"},
    {505, "http_version_not_supported", "The HTTP version is not spoken here"},
}};

ProblemRow row_of(const Error& error) {
  ProblemRow row = row_of(error.kind);
  if (error.kind == ErrorKind::malformed || error.kind == ErrorKind::unavailable) {
    for (const auto& http : kHttpRows) {
      if (http.code == error.code) row = http;
    }
  }
  if (!error.code.empty()) row.code = error.code;
  return row;
}

struct ProblemText {
  ProblemRow row;
  std::string_view detail;
  std::string_view field;
  std::string_view request_id;
};

void append_text(std::string& out, const ProblemText& text) {
  JsonWriter json(out);
  std::string type = "urn:posthorn:problem:";
  type += text.row.code;
  json.begin_object();
  json.string("type", type);
  json.string("title", text.row.title);
  json.integer("status", text.row.status);
  json.string("detail", text.detail);
  json.string("code", text.row.code);
  if (!text.field.empty()) json.string("field", text.field);
  if (!text.request_id.empty()) json.string("requestId", text.request_id);
  json.end_object();
}

}  // namespace

const std::string_view kInternalFailureWords = "The server failed at this request. Its log has the cause under the request id.";

Error method_not_allowed(std::string_view method) {
  return {ErrorKind::malformed, "method_not_allowed", std::string(method) + " is not a method of this path.", {}, {}};
}

Error unsupported_media_type(std::string_view accepted) {
  return {ErrorKind::malformed,
          "unsupported_media_type",
          "The body must be " + std::string(accepted) + " in UTF-8.",
          "Content-Type",
          {}};
}

int status_of(const Error& error) { return row_of(error).status; }

void append_problem(std::string& out, const Error& error, std::string_view request_id) {
  const bool inner = error.kind == ErrorKind::internal;
  ProblemRow row = row_of(error);
  if (inner) row.code = "internal";
  append_text(out, {row, inner ? kInternalFailureWords : std::string_view(error.message),
                    inner ? std::string_view() : error.field, request_id});
}

net::HttpResponse problem_response(const Error& error, std::string_view request_id) {
  net::HttpResponse response;
  response.status = status_of(error);
  response.content_type = kProblemType;
  append_problem(response.body, error, request_id);
  if (response.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (error.retry_after) response.headers.push_back({"Retry-After", std::to_string(error.retry_after->count())});
  return response;
}

std::optional<Error> error_of_status(int status, std::string_view detail) {
  if (status == 503) return unavailable(std::string(detail), "unavailable", kRequestBodiesRetryAfter);
  for (const auto& http : kHttpRows) {
    if (http.status == status) return Error{ErrorKind::malformed, http.code, std::string(detail), {}, {}};
  }
  return std::nullopt;
}

net::HttpResponse problem_of_status(int status, std::string_view detail, std::string_view request_id) {
  ProblemRow row = row_of(status >= 500 ? ErrorKind::unavailable : ErrorKind::malformed);
  row.status = status;
  for (const auto& http : kHttpRows) {
    if (http.status == status) row = http;
  }
  net::HttpResponse response;
  response.status = status;
  response.content_type = kProblemType;
  append_text(response.body, {row, detail, {}, request_id});
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace posthorn::api
