// ServerClock: the machine's clock, except that schedule time goes on from where the store has got to.
//
// A machine may start with an earlier time than it had before (no battery, a clock that was set). Due times in the store would
// then lie far ahead, and what is pending would wait for the clock to arrive there. So schedule time never starts before the
// latest time that the store has seen; it may then run ahead of the wall clock, and pending work keeps its intervals.
// Concurrency: go_on_from() once, before other threads read; the readings from any thread.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace posthorn::app {

class ServerClock final : public Clock {
 public:
  explicit ServerClock(const Clock& machine) : machine_(machine) {}

  Timestamp wall_now() const override { return machine_.wall_now(); }
  SteadyTime steady_now() const override { return machine_.steady_now(); }
  Timestamp schedule_now() const override { return machine_.schedule_now() + ahead_; }

  // Answers how far schedule time runs ahead of the machine's from now on; 0 when the machine's clock is not behind.
  Milliseconds go_on_from(Timestamp seen) {
    ahead_ = std::max(seen - machine_.schedule_now(), Milliseconds(0));
    return ahead_;
  }

 private:
  const Clock& machine_;
  Milliseconds ahead_{0};
};

}  // namespace posthorn::app
