// ManualLoop: an EventLoop for tests and simulation. Nothing runs until the test says so; alarms follow a ManualClock.
#pragma once

#include <deque>
#include <map>

#include "base/event_loop.h"

namespace posthorn {

class ManualLoop final : public EventLoop {
 public:
  explicit ManualLoop(ManualClock& clock) : clock_(clock) {}

  void post(UniqueFunction<void()> work) override { queue_.push_back(std::move(work)); }
  std::unique_ptr<Alarm> make_alarm(UniqueFunction<void()> callback) override;

  // Runs what is queued and what that queues, until nothing is left. Alarms that are due fire too.
  void run_ready();

  // Moves the clock by `by`, stopping at each alarm on the way, and runs what becomes ready.
  void advance(std::chrono::nanoseconds by);

  bool idle() const { return queue_.empty(); }
  std::size_t alarms_set() const { return alarms_.size(); }

 private:
  class ManualAlarm;
  using Alarms = std::multimap<SteadyTime, ManualAlarm*>;

  bool fire_one_due();

  ManualClock& clock_;
  std::deque<UniqueFunction<void()>> queue_;
  Alarms alarms_;
};

}  // namespace posthorn
