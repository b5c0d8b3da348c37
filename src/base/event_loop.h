// EventLoop: what an engine needs of a thread that runs it: "later, on this thread" and "at that time, on this thread".
//
// net::Loop implements it on Asio; ManualLoop (base/manual_loop.h) implements it for tests and simulation.
// Whatever "belongs to a loop" is touched only by code that the loop runs.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/unique_function.h"

namespace posthorn {

// One timer with one callback, given when it was made. Setting it again replaces the earlier time.
// Destroying it guarantees that the callback will not run any more. Loop thread only.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual void set(SteadyTime at) = 0;
  virtual void clear() = 0;
};

class EventLoop {
 public:
  virtual ~EventLoop() = default;

  // Runs `work` on the loop's thread, after what is already queued there. Any thread may call it.
  virtual void post(UniqueFunction<void()> work) = 0;

  // Loop thread only.
  virtual std::unique_ptr<Alarm> make_alarm(UniqueFunction<void()> callback) = 0;
};

}  // namespace posthorn
