#include "script/pool_for_tests.h"

#include "base/check.h"

namespace posthorn::script {

void ReplyLoop::post(UniqueFunction<void()> work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(work));
  posted_.notify_all();
}

std::unique_ptr<Alarm> ReplyLoop::make_alarm(UniqueFunction<void()>) {
  POSTHORN_CHECK(false);
  return nullptr;
}

bool ReplyLoop::run_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  std::unique_lock lock(mutex_);
  while (!done()) {
    if (!posted_.wait_until(lock, deadline, [this] { return !queue_.empty(); })) return false;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
  return true;
}

PoolOptions test_options() {
  PoolOptions options;
  options.helper_file = POSTHORN_SCRIPT_HELPER;
  options.memory_bytes = 64 * 1024 * 1024;
  return options;
}

Call make_call(ReplyLoop& loop, Program program, std::string input, UniqueFunction<void(Outcome)> done, Milliseconds time) {
  Call call;
  call.caller = {1, 1};
  call.program = std::make_shared<const Program>(std::move(program));
  call.limits.time = time;
  call.input = [input = std::move(input)] { return input; };
  call.reply_to = &loop;
  call.done = std::move(done);
  return call;
}

Outcome run_one(Pool& pool, Program program, std::string input, Milliseconds time, std::size_t output_bytes, Task task) {
  ReplyLoop loop;
  std::optional<Outcome> outcome;
  Call call = make_call(loop, std::move(program), std::move(input), [&](Outcome result) { outcome = std::move(result); }, time);
  call.task = task;
  call.limits.output_bytes = output_bytes;
  pool.run(std::move(call));
  POSTHORN_CHECK(loop.run_until([&] { return outcome.has_value(); }));
  return *outcome;
}

Program jq(std::string source) { return {Language::jq, std::move(source), "", Results::first}; }

Program javascript(std::string body) {
  return {Language::javascript, "function transform(event) {" + body + "}", "transform", Results::first};
}

}  // namespace posthorn::script
