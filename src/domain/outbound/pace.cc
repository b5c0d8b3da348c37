#include "domain/outbound/pace.h"

#include <algorithm>

#include "base/limits.h"

namespace posthorn::domain {

bool asks_to_slow_down(const AttemptOutcome& outcome) {
  return outcome.failure == FailureKind::status &&
         (outcome.status == 429 || outcome.status == 502 || outcome.status == 503 || outcome.status == 504);
}

Pace after_start(Pace pace, Timestamp now) {
  if (is_slow(pace)) pace.not_before = std::max(pace.not_before, now + pace.interval);
  return pace;
}

Pace after_answer(Pace pace, const AttemptOutcome& outcome, Timestamp started, Timestamp now) {
  if (outcome.status == 0) return pace;
  if (!asks_to_slow_down(outcome)) {
    pace.interval /= 2;
    if (pace.interval < Milliseconds(kPaceIntervalFirst)) pace.interval = Milliseconds(0);
    return pace;
  }
  const bool is_news = !is_slow(pace) || started >= pace.slowed_at;
  if (is_news) {
    pace.interval = std::clamp<Milliseconds>(pace.interval * 2, kPaceIntervalFirst, kPaceIntervalMax);
    pace.slowed_at = now;
    pace.not_before = std::max(pace.not_before, now + pace.interval);
  }
  if (outcome.retry_after) {
    pace.not_before = std::max(pace.not_before, now + std::min<Milliseconds>(*outcome.retry_after, kPacePauseMax));
  }
  return pace;
}

}  // namespace posthorn::domain
