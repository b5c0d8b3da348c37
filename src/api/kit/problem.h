// Problems: how every error leaves a surface (RFC 9457, application/problem+json), by one table of statuses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http_server.h"

namespace posthorn::api {

// Errors of HTTP itself, which have no ErrorKind of their own.
Error method_not_allowed(std::string_view method);
Error unsupported_media_type(std::string_view accepted = "application/json");

// What a caller is told when the server failed.
extern const std::string_view kInternalFailureWords;

int status_of(const Error& error);

// Appends {"type":"urn:posthorn:problem:<code>","title","status","detail","code"} and, where there is one, "field" and
// "requestId". An internal error's message stays inside.
void append_problem(std::string& out, const Error& error, std::string_view request_id);

// With Retry-After and WWW-Authenticate where they belong.
net::HttpResponse problem_response(const Error& error, std::string_view request_id);

// What the HTTP server refuses, as an error that a surface may write in its own form; nothing for what no client is at fault
// for.
std::optional<Error> error_of_status(int status, std::string_view detail);

// For what the HTTP server refuses before there is a request: 400, 408, 413, 414, 417, 431, 503.
net::HttpResponse problem_of_status(int status, std::string_view detail, std::string_view request_id);

}  // namespace posthorn::api
