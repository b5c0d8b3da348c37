// Runs JavaScript by SpiderMonkey: the language itself (ECMAScript 2022) and nothing of a host: no console, no timers, no
// requests, no modules, no WebAssembly, no shared memory.
//
// Each call has a realm of its own: globals and prototypes that one call changes are never seen by another. Only the
// interpreter runs; no machine code is ever made.
// Time: RunTimer interrupts. Memory: the heap's limit ends a run as `memory`; what the engine cannot survive ends the process
// through end_with().
// Concurrency: one engine a process, on the main thread.
#pragma once

#include <memory>
#include <string>

#include "script/program.h"

struct JSContext;

namespace posthorn::script {

class JobQueue;

class JavaScriptEngine {
 public:
  // Starts the engine and its threads; nothing of it asks the system for anything but memory afterwards.
  explicit JavaScriptEngine(std::size_t heap_bytes);
  ~JavaScriptEngine();
  JavaScriptEngine(const JavaScriptEngine&) = delete;
  JavaScriptEngine& operator=(const JavaScriptEngine&) = delete;

  Outcome check(const Program& program, const Limits& limits);
  Outcome run(const Program& program, const std::string& input, const Limits& limits);
  // Collects the realms of earlier runs.
  void tidy();

 private:
  JSContext* context_ = nullptr;
  std::unique_ptr<JobQueue> jobs_;
};

}  // namespace posthorn::script
