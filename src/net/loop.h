// Loop: one thread that runs one Asio io_context; and Scope: the owner of the coroutines that run on it.
//
// Place: app makes the loops; servers, clients and engines are given one and stay on it.
// Lifecycle: start() and stop() as in base style: stop without start, twice, or from another thread is defined.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "base/event_loop.h"
#include "net/task.h"

namespace boost::asio {
class io_context;
}

namespace posthorn::net {

class Loop final : public EventLoop {
 public:
  explicit Loop(std::string name);  // the thread's name, at most 15 characters
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();
  // Runs what is ready, then ends the thread. Scopes must be closed before.
  void stop();

  void post(UniqueFunction<void()> work) override;
  std::unique_ptr<Alarm> make_alarm(UniqueFunction<void()> callback) override;

  boost::asio::io_context& context();
  bool on_loop_thread() const;

  // How late the loop last ran something that was due (sampled every 100 ms while running). Any thread.
  std::chrono::nanoseconds lag() const { return lag_.load(std::memory_order_relaxed); }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::string name_;
  std::atomic<std::chrono::nanoseconds> lag_{std::chrono::nanoseconds(0)};
};

// Owns coroutines: none outlives it. Loop thread only, except for construction.
// An exception that escapes a task is a bug: it is logged once and the task counts as ended.
class Scope {
 public:
  explicit Scope(Loop& loop);
  ~Scope();  // POSTHORN_CHECKs that it is empty
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // After close(): the task is not started (it is destroyed).
  void spawn(Task<void> task);
  // Nothing new starts. Asks what runs to end by Asio's terminal cancellation.
  void close();
  // close() and then waits until nothing runs.
  Task<void> join();
  std::size_t running() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Waits. Cancellable through the scope.
Task<void> sleep_until(Loop& loop, SteadyTime time);

// Runs a task on `loop` from another thread and waits there for its end (start-up, shutdown, command line, tests).
// `make_task` stays alive until the task has ended, so it may capture. What escapes the task is thrown here.
void run_on(Loop& loop, UniqueFunction<Task<void>()> make_task);

}  // namespace posthorn::net
