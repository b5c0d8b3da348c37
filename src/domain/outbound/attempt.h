// Attempt: one HTTP exchange of a delivery, as it is recorded. Never rewritten.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace posthorn::domain {

// Why an attempt failed. `none` for a success; `status` when there was an answer other than 2xx.
enum class FailureKind : std::uint8_t {
  none,
  status,         // an HTTP answer that is not 2xx (3xx too: redirects are not followed)
  name,           // the host name did not resolve
  blocked,        // the peer filter refused the address
  connect,        // refused, unreachable, or no answer to the connect
  tls,            // handshake or certificate
  timeout,        // the attempt's deadline passed
  disconnected,   // the connection ended before the head of the answer was complete
  protocol,       // what came is not HTTP/1.1
  too_large,      // the head is beyond its limit
  proxy,          // the configured proxy refused
  internal,       // our own fault: never counts against the endpoint
  authorization,  // no token could be had for the endpoint (OAuth 2)
  handshake,      // the endpoint did not agree to get events (CloudEvents)
  transform,      // the subscription's own script failed: nothing was sent
};

// Stable words for API, logs, metrics.
std::string_view to_text(FailureKind kind);
std::optional<FailureKind> parse_failure_kind(std::string_view text);

// Failures that say the endpoint cannot be reached at all (they open the lane's breaker).
bool is_unreachable(FailureKind kind);

// Whether an attempt that ended so says anything of the endpoint. One that failed before anything was sent, by our own fault or
// the subscription's script, does not: neither its health nor its breaker may follow from it.
bool concerns_endpoint(FailureKind kind);

struct AttemptOutcome {
  FailureKind failure = FailureKind::none;
  int status = 0;                                   // 0 when there was no answer
  std::optional<std::chrono::seconds> retry_after;  // already parsed, from now

  bool succeeded() const { return failure == FailureKind::none; }
  friend bool operator==(const AttemptOutcome&, const AttemptOutcome&) = default;
};

struct Attempt {
  std::uint32_t number = 0;  // 1 for a delivery's first
  Timestamp started_at;      // wall clock
  std::chrono::microseconds duration{0};
  FailureKind failure = FailureKind::none;
  int status = 0;
  std::string detail;  // for people: what failed ("certificate has expired"), or why the answer's body is cut. Never a secret.
  std::string response;  // the answer's first bytes, at most kResponseBodyBytesKept

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// Retry-After (RFC 9110, 10.2.3): seconds or an HTTP date in one of its three forms. Nothing for garbage, negatives and the
// past; not capped.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, Timestamp wall_now);

}  // namespace posthorn::domain
