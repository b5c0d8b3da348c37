// Retry policies, and the decision what follows an attempt. Pure: time and randomness are given.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/random.h"
#include "domain/outbound/attempt.h"

namespace posthorn::domain {

// Delays between attempts. `delays` is explicit for every policy (an exponential one is expanded when it is read), so the
// number of retries is delays.size().
struct RetryPolicy {
  std::vector<Milliseconds> delays;
  double jitter = 0.2;                      // each delay is multiplied by a factor uniform in [1 - jitter, 1 + jitter]; 0 to 1
  Milliseconds delay_max = kRetryDelayMax;  // of a delay with its jitter; what Retry-After asks has a bound of its own
  std::vector<std::uint16_t> end_on{};      // statuses after which no retry follows, in ascending order

  friend bool operator==(const RetryPolicy&, const RetryPolicy&) = default;
};

// A policy with a name, and the attempt's timeout that goes with it unless one is given.
struct RetryPreset {
  std::string_view name;
  RetryPolicy policy;
  Milliseconds timeout;
};

//   standard     5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h (the example of the Standard Webhooks specification);
//                jitter 0.2; 15 s
//   orangelogic  30 s, 1 min, 2 min, 4 min, 8 min; jitter 0.2; 15 s. Orange Logic: up to five resends; the times are ours.
//   ovation      64 s, 729 s; no jitter; 10 s (Ovation's webhook overview)
std::span<const RetryPreset> retry_presets();
const RetryPreset* find_retry_preset(std::string_view name);  // null when there is none
const RetryPolicy& standard_retry_policy();

// baseMs * factor^n, each at most `max`, `retries` times. Preconditions: base > 0, factor >= 1, retries <= kRetriesMax.
std::vector<Milliseconds> exponential_delays(Milliseconds base, double factor, Milliseconds max, std::uint32_t retries);

// Which attempt of its delivery an attempt was.
struct AttemptPlace {
  std::uint32_t number = 1;          // 1 for the delivery's first, resends and retries counted on
  std::uint32_t schedule_start = 0;  // attempts before the current schedule began; less than `number`
};

struct NextStep {
  enum class Kind { succeeded, retry, exhausted };
  Kind kind;
  Milliseconds delay{0};              // for retry: from now
  bool disable_subscription = false;  // 410 Gone (Standard Webhooks: the receiver wants no more)
  bool outside_schedule = false;      // for retry: the schedule begins only behind the attempt that was just made

  friend bool operator==(const NextStep&, const NextStep&) = default;
};

// No connection came about (name, connect): certainly nothing was sent.
bool never_connected(const AttemptOutcome& outcome);

// What follows, in this order:
//   - 2xx, and nothing else, is success.
//   - 410 ends the delivery and disables the subscription.
//   - A status in `end_on` ends the delivery.
//   - A delivery's very first attempt that never connected is repeated at once, once, and does not count as a place of the
//     schedule: what was a moment's trouble of the network costs no 5 seconds, what is more goes the way of the schedule.
//   - No place left in the schedule ends the delivery.
//   - Otherwise a retry follows after the schedule's delay with jitter, at most `delay_max`, or after what Retry-After asks
//     (at most kRetryAfterMax) when that is longer.
NextStep next_step(const RetryPolicy& policy, AttemptPlace place, const AttemptOutcome& outcome, Random& random);

}  // namespace posthorn::domain
