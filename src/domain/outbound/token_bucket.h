// TokenBucket: a rate limit, exactly. Pure: a value and the time.
//
// A bucket holds `burst` tokens, and what 5 ms bring in addition, so that timers of a millisecond keep up with any rate and a
// late one costs nothing; it fills at `per_second`. In any stretch of time t no more than burst + per_second * (t + 5 ms)
// tokens are taken, whatever came before: idle time never adds more than a full bucket.
// Kept as one number, the time at which the bucket will be full (the generic cell rate algorithm, ITU-T I.371), so nothing
// drifts and one atomic word can be shared by threads.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

class TokenBucket {
 public:
  explicit TokenBucket(const RateLimit& limit);

  // The bucket as it is kept: when it will be full, in nanoseconds of schedule time. 0: full.
  using Kept = std::int64_t;

  // What it is kept as after one token was taken at `now`; `kept` itself when none is there.
  Kept after_take(Kept kept, Timestamp now) const;
  // What it is kept as after a token was put back that was taken a moment ago.
  Kept after_return(Kept kept) const { return kept - interval_; }
  // Whether it is full, so that nothing is lost by forgetting it.
  static bool is_full(Kept kept, Timestamp now) { return Timestamp(Milliseconds(kept / 1'000'000)) < now; }
  // When a token is there, at the earliest `now`.
  Timestamp next(Kept kept, Timestamp now) const;

 private:
  std::int64_t interval_;  // nanoseconds that bring one token
  std::int64_t capacity_;  // nanoseconds that fill an empty bucket
};

}  // namespace posthorn::domain
