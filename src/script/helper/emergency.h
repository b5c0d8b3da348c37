// Answers that a helper gives as its last act: when memory is gone, when a run does not stop, when the stack has no room. They
// are made beforehand, so that giving one needs neither memory nor anything else that a signal handler may not use.
//
// Concurrency: prepare_emergencies() once, on the main thread, before threads start; the rest from anywhere.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace posthorn::script {

enum class Emergency : std::uint8_t { timeout, memory, nesting };

void prepare_emergencies(int socket);

// Writes the answer to the socket and ends the process.
[[noreturn]] void end_with(Emergency emergency);

// A run's time. When it is over, `interrupt` is called (in a signal handler; it may be null); what has not ended a moment later
// ends with the process. One at a time.
class RunTimer {
 public:
  RunTimer(Milliseconds time, void (*interrupt)());
  ~RunTimer();
  RunTimer(const RunTimer&) = delete;
  RunTimer& operator=(const RunTimer&) = delete;

  static bool expired();
};

}  // namespace posthorn::script
