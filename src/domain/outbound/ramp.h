// Ramp: how an endpoint that was away is led back to full speed. Pure: a value and the time.
//
// From the moment it answers again, the requests that may have started after t seconds grow as 5 t + 50 t²: the rate starts at
// 5 a second and grows by 100 a second in each second. A rate that grows evenly carries at most twice its mean in any second,
// however much waits (one that doubles carries half of everything at its end). After kRampTime nothing is held back any more.
// What was not used is lost, all but a tenth of a second's worth: a pause is followed by no burst.
#pragma once

#include "base/clock.h"

namespace posthorn::domain {

class Ramp {
 public:
  explicit Ramp(Timestamp start) : start_(start) {}

  bool over(Timestamp now) const;
  // When the next request may start, at the earliest `now`.
  Timestamp next(Timestamp now) const;
  // A request starts.
  void started(Timestamp now);

 private:
  Timestamp start_;
  double used_ = 0;  // requests, and what expired unused
};

}  // namespace posthorn::domain
