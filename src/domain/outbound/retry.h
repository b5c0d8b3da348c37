// Retry policies, and the decision what follows an attempt. Pure: time and randomness are given.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "domain/outbound/attempt.h"

namespace posthorn::domain {

// Delays between attempts. `delays` is explicit for every policy (an exponential one is expanded when it is read), so the
// number of retries is delays.size().
struct RetryPolicy {
  std::vector<Milliseconds> delays;
  double jitter = 0.2;  // each delay is multiplied by a factor uniform in [1 - jitter, 1 + jitter]; 0 to 1

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

// The schedule that the Standard Webhooks specification gives as its example: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h,
// 20 h, 24 h; jitter 0.2.
const RetryPolicy& standard_retry_policy();

// baseMs * factor^n, each at most `max`, `retries` times. Preconditions: base > 0, factor >= 1, retries <= kRetriesMax.
std::vector<Milliseconds> exponential_delays(Milliseconds base, double factor, Milliseconds max, std::uint32_t retries);

struct NextStep {
  enum class Kind { succeeded, retry, exhausted };
  Kind kind;
  Milliseconds delay{0};              // for retry: from now
  bool disable_subscription = false;  // 410 Gone (Standard Webhooks: the receiver wants no more)

  friend bool operator==(const NextStep&, const NextStep&) = default;
};

// `attempts_made` counts this one (>= 1) since the schedule began. Success is 2xx only. A retry waits the policy's delay
// with jitter, or what Retry-After asks (at most kRetryAfterMax) when that is longer.
NextStep next_step(const RetryPolicy& policy, std::uint32_t attempts_made, const AttemptOutcome& outcome, Random& random);

}  // namespace posthorn::domain
