// Pace: how fast one endpoint may be asked, as its own answers say. Pure: a value, what happened, and the time.
//
// An endpoint that answers 429, 502, 503 or 504 is asked less often: one request at a time, with a pause between two that
// doubles at each further such answer, from kPaceIntervalFirst to kPaceIntervalMax. Each answer that does not ask for it
// halves the pause again until it is gone. A Retry-After on such an answer stops all requests until then, at most
// kPacePauseMax; the delivery that got the answer waits as long as it was told (next_step).
// Only the first of several answers to requests that were out together counts: one bad moment is one step.
// Failures without an answer say nothing here: the breaker is for those.
//
// Use: may start when `next_start(pace) <= now` and, while is_slow(pace), nothing else is out; then
//   pace = after_start(pace, now)    for each request that starts
//   pace = after_answer(pace, ...)   for each answer
// All times are schedule time.
#pragma once

#include "base/clock.h"
#include "domain/outbound/attempt.h"

namespace posthorn::domain {

struct Pace {
  Milliseconds interval{0};  // from one start to the next; 0: as fast as the lane likes
  Timestamp not_before;      // nothing starts before
  Timestamp slowed_at;       // when the pause last grew

  friend bool operator==(const Pace&, const Pace&) = default;
};

// 429, 502, 503, 504 (Standard Webhooks 1.0.0 names 429, 502 and 504; 503 is HTTP's own word for it).
bool asks_to_slow_down(const AttemptOutcome& outcome);

inline bool is_slow(const Pace& pace) { return pace.interval > Milliseconds(0); }
inline Timestamp next_start(const Pace& pace) { return pace.not_before; }

Pace after_start(Pace pace, Timestamp now);
// `started`: when the request began whose answer came at `now`.
Pace after_answer(Pace pace, const AttemptOutcome& outcome, Timestamp started, Timestamp now);

}  // namespace posthorn::domain
