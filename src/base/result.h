// Result<T>: the outcome of anything that can fail for a reason a caller may want to know.
//
// One Error type serves every module: `kind` is what code decides by (a surface's table turns it into a status),
// `code` is the stable word that clients see, `message` is for people, `field` names the input it is about
// (JSON pointer without the leading slash, e.g. "retry/scheduleMs/0"; empty when it is about no field).
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace posthorn {

enum class ErrorKind {
  invalid_argument,  // the request is well-formed but a value in it is not acceptable
  malformed,         // the request cannot be read at all (bad JSON, wrong media type)
  unauthenticated,
  forbidden,
  not_found,  // also: another tenant's object
  conflict,
  precondition_failed,  // If-Match or expected revision does not hold
  payload_too_large,
  unavailable,        // try again later; retry_after says when
  too_many_requests,  // this caller asks too often; retry_after says when
  deadline_exceeded,
  fenced,  // the writer's lease on the shard is gone
  internal,
};

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::internal;
  std::string_view code;  // must point to static storage
  std::string message;
  std::string field;
  std::optional<std::chrono::seconds> retry_after;
};

// Called by Result<T>::value() when there is none: a bug, hence an exception.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& place);

template <class T>
using Result = boost::system::result<T, Error>;

using Status = Result<void>;

inline Error invalid(std::string field, std::string message, std::string_view code = "invalid_value") {
  return {ErrorKind::invalid_argument, code, std::move(message), std::move(field), std::nullopt};
}
inline Error not_found(std::string message, std::string_view code = "not_found") {
  return {ErrorKind::not_found, code, std::move(message), {}, std::nullopt};
}
inline Error conflict(std::string field, std::string message, std::string_view code = "conflict") {
  return {ErrorKind::conflict, code, std::move(message), std::move(field), std::nullopt};
}
inline Error unavailable(std::string message, std::string_view code = "unavailable",
                         std::chrono::seconds retry_after = std::chrono::seconds(1)) {
  return {ErrorKind::unavailable, code, std::move(message), {}, retry_after};
}
inline Error too_many_requests(std::string message, std::chrono::seconds retry_after) {
  return {ErrorKind::too_many_requests, "too_many_requests", std::move(message), {}, retry_after};
}
inline Error internal_error(std::string message) {
  return {ErrorKind::internal, "internal", std::move(message), {}, std::nullopt};
}

}  // namespace posthorn
