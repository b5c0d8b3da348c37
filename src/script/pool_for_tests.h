// A pool with the built helper, and a loop that collects what it answers.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "script/pool.h"

namespace posthorn::script {

// An EventLoop without a thread of its own: the test runs what was posted.
class ReplyLoop final : public EventLoop {
 public:
  void post(UniqueFunction<void()> work) override;
  std::unique_ptr<Alarm> make_alarm(UniqueFunction<void()>) override;  // not needed by a pool: a broken invariant

  // Runs what is posted until `done()`. False after a generous time.
  bool run_until(const std::function<bool()>& done);

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<UniqueFunction<void()>> queue_;
};

PoolOptions test_options();

Call make_call(ReplyLoop& loop, Program program, std::string input, UniqueFunction<void(Outcome)> done, Milliseconds time = 1s);

// Runs one call and waits for it.
Outcome run_one(Pool& pool, Program program, std::string input = "{}", Milliseconds time = 1s,
                std::size_t output_bytes = kScriptOutputBytesMax, Task task = Task::run);

Program jq(std::string source);
Program javascript(std::string body);  // of function transform(event)

}  // namespace posthorn::script
