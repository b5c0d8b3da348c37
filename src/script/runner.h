// Runner: runs scripts for whoever asks. Pool implements it; tests have their own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/unique_function.h"
#include "script/fair_queue.h"
#include "script/program.h"
#include "script/protocol.h"

namespace posthorn::script {

struct Call {
  Caller caller;
  Task task = Task::run;
  std::shared_ptr<const Program> program;
  Limits limits;
  // The input as JSON text. Asked for on another thread, when a helper is free: a call that waits holds little. Empty: "null".
  UniqueFunction<std::string()> input;
  EventLoop* reply_to = nullptr;
  UniqueFunction<void(Outcome)> done;      // on `reply_to`, exactly once
  std::optional<SteadyTime> start_before;  // a call that still waits then ends as `unavailable`
};

class Runner {
 public:
  virtual ~Runner() = default;
  // Any thread. `done` is never called from within.
  virtual void run(Call call) = 0;
};

}  // namespace posthorn::script
