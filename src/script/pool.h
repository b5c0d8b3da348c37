// Pool: runs scripts in sandboxed helper processes (posthorn-script), a few at a time, fairly.
//
// Place: one for the whole server; given to whoever runs users' scripts. Knows nothing of what scripts are for.
// Each of its threads has one helper and talks to it; nothing of a script runs in the server's own process. A helper serves one
// call after another as long as it lives: it has no memory of them (see helper/). It is killed when a run does not end in time,
// and replaced.
// Lifecycle: threads and helpers start with the first calls and end when there was nothing to do for kScriptHelperIdleTime; an
// idle server has none. close() ends everything and waits; calls that were not answered end as `unavailable` before it returns.
// After a helper that did not start, calls are refused for a while instead of being tried (kScriptRestartPauseFirst…Max); a
// thread whose helpers crash one after the other pauses the same way, at the expense of the strand that breaks them.
// Concurrency: any thread.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "script/runner.h"

namespace posthorn::script {

class HelperProcess;

struct PoolOptions {
  std::string helper_file;
  std::size_t helpers = kScriptHelpersDefault;
  std::size_t memory_bytes = kScriptHelperMemoryDefault;
  Milliseconds idle_time = kScriptHelperIdleTime;
};

// Where posthorn-script is: beside this program, or in ../libexec/posthorn. The first when it is in neither.
std::string find_helper_file();

class Pool final : public Runner {
 public:
  explicit Pool(PoolOptions options);
  ~Pool() override;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void run(Call call) override;
  void close();

  struct Measures {
    std::uint64_t runs = 0;      // answered, whatever the ending
    std::uint64_t failures = 0;  // of these: not `ok`
    std::uint64_t helpers_started = 0;
    std::size_t helpers = 0;  // now
    std::size_t waiting = 0;  // now
  };
  Measures measures() const;

 private:
  struct Worker {
    std::thread thread;
    bool ended = false;
  };
  using Queue = FairQueue<Call>;

  void work(Worker& worker);
  std::optional<Queue::Taken> next(std::unique_lock<std::mutex>& lock);
  struct Served {
    Ending ending;
    std::chrono::microseconds duration;
    bool broke;  // its helper is gone
  };
  Served serve(HelperProcess& helper, Call call);
  void restart(HelperProcess& helper, Milliseconds pause);
  bool ensure_started(HelperProcess& helper, Outcome& failure);
  void start_worker();
  void refuse_all(std::unique_lock<std::mutex>& lock, const std::string& why);
  void answer(Call call, Outcome outcome);
  Milliseconds pause_after(std::size_t deaths) const;

  const PoolOptions options_;
  int stop_ = -1;  // an eventfd: readable once closing
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Queue queue_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t idle_ = 0;     // workers that wait for a call
  std::size_t running_ = 0;  // workers that are there
  std::size_t failed_starts_ = 0;
  SteadyTime refused_until_;
  std::string refused_why_;
  bool closing_ = false;
  Measures measures_;
};

}  // namespace posthorn::script
