#include "script/pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "observe/log.h"
#include "script/helper_process.h"

namespace posthorn::script {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

Outcome refused(std::string why) {
  Outcome outcome;
  outcome.ending = Ending::unavailable;
  outcome.message = std::move(why);
  return outcome;
}

}  // namespace

std::string find_helper_file() {
  constexpr auto kName = "posthorn-script";
  std::error_code failed;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  auto beside = folder / kName;
  auto installed = folder.parent_path() / "libexec" / "posthorn" / kName;
  return std::filesystem::exists(beside, failed) || !std::filesystem::exists(installed, failed) ? beside : installed;
}

Pool::Pool(PoolOptions options)
    : options_(std::move(options)), stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), queue_(options_.helpers) {
  POSTHORN_CHECK(stop_ >= 0 && options_.helpers > 0 && options_.helpers <= kScriptHelpersMax);
}

Pool::~Pool() {
  close();
  ::close(stop_);
}

// The outcome goes to the caller's loop; the call's input and callback die there or here, wherever they are last used.
void Pool::answer(Call call, Outcome outcome) {
  call.reply_to->post([done = std::move(call.done), outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
}

void Pool::run(Call call) {
  POSTHORN_CHECK(call.reply_to != nullptr && call.program != nullptr);
  const std::lock_guard lock(mutex_);
  if (closing_) return answer(std::move(call), refused("the server is shutting down"));
  if (refused_until_ > now()) return answer(std::move(call), refused(refused_why_));
  if (!queue_.has_room(call.caller)) return answer(std::move(call), refused("too many scripts are waiting to be run"));
  const Caller caller = call.caller;
  queue_.add(caller, std::move(call));
  if (idle_ > 0) changed_.notify_one();
  if (queue_.waiting() > idle_ && running_ < options_.helpers && queue_.can_take()) start_worker();
}

void Pool::start_worker() {
  // Threads that have ended by themselves leave their places.
  std::erase_if(workers_, [](const auto& worker) {
    if (worker->ended) worker->thread.join();
    return worker->ended;
  });
  ++running_;
  Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
  worker.thread = std::thread([this, &worker] { work(worker); });
}

void Pool::work(Worker& worker) {
  pthread_setname_np(pthread_self(), "script");
  HelperProcess helper(options_.helper_file, options_.memory_bytes, stop_);
  std::size_t served = 0;
  std::size_t deaths = 0;  // in a row
  std::unique_lock lock(mutex_);
  while (auto taken = next(lock)) {
    lock.unlock();
    const SteadyTime begun = now();
    const auto [ending, duration, broke] = serve(helper, std::move(taken->item));
    deaths = ending == Ending::crashed ? deaths + 1 : 0;
    if (broke) {
      // What replacing the helper costs is on the account of who broke it, and so is its place meanwhile.
      restart(helper, pause_after(deaths));
    } else if (++served % kScriptHelperCallsMax == 0) {
      helper.close();
    }
    const auto took = now() - begun;
    lock.lock();
    if (ending == Ending::unavailable) {
      queue_.returned(taken->caller, taken->pace);
    } else {
      queue_.finished(taken->caller, taken->pace, took, duration, broke);
    }
    // A place for a slow strand may have become free, which another thread waits for.
    if (idle_ > 0 && queue_.waiting() > 1) changed_.notify_one();
  }
  lock.unlock();
  helper.close();
  lock.lock();
  --running_;
  worker.ended = true;
}

// Nothing when the thread shall end: closing, or nothing to do for long.
std::optional<Pool::Queue::Taken> Pool::next(std::unique_lock<std::mutex>& lock) {
  const SteadyTime idle_until = now() + options_.idle_time;
  for (;;) {
    if (closing_) return std::nullopt;
    while (auto taken = queue_.take()) {
      if (!taken->item.start_before || *taken->item.start_before > now()) return taken;
      queue_.returned(taken->caller, taken->pace);
      answer(std::move(taken->item), refused("waited too long for a free helper"));
    }
    ++idle_;
    const auto waited = changed_.wait_until(lock, idle_until);
    --idle_;
    if (waited == std::cv_status::timeout && !queue_.can_take()) return std::nullopt;
  }
}

Pool::Served Pool::serve(HelperProcess& helper, Call call) {
  Outcome outcome;
  bool broke = false;
  if (ensure_started(helper, outcome)) {
    Request request;
    request.task = call.task;
    request.limits = call.limits;
    request.program = *call.program;
    request.input = call.input ? call.input() : "null";
    if (request.program.source.size() > kScriptSourceBytesMax || request.input.size() > kScriptInputBytesMax) {
      outcome.ending = Ending::runtime;
      outcome.message = "the script or its input is too long";
    } else {
      outcome = helper.ask(request);
      broke = !helper.running();
    }
  }
  {
    const std::lock_guard lock(mutex_);
    ++measures_.runs;
    if (!outcome.ok()) ++measures_.failures;
  }
  const Served served{outcome.ending, outcome.duration, broke};
  answer(std::move(call), std::move(outcome));
  return served;
}

bool Pool::ensure_started(HelperProcess& helper, Outcome& failure) {
  if (helper.running()) return true;
  auto started = helper.start();
  std::unique_lock lock(mutex_);
  if (started) {
    ++measures_.helpers_started;
    failed_starts_ = 0;
    return true;
  }
  failure = refused(started.error().message);
  if (closing_) return false;
  observe::log(observe::Level::warning, "scripts cannot be run", {{"reason", failure.message}});
  refused_until_ = now() + pause_after(++failed_starts_ + 1);
  refused_why_ = failure.message;
  refuse_all(lock, failure.message);
  return false;
}

// After a helper broke: the next one is started now, so that nobody waits for it, unless they break one after the other.
void Pool::restart(HelperProcess& helper, Milliseconds pause) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return closing_; });
    if (closing_) return;
  }
  Outcome ignored;
  ensure_started(helper, ignored);
}

Milliseconds Pool::pause_after(std::size_t deaths) const {
  if (deaths < 2) return Milliseconds(0);
  const auto doubled = Milliseconds(kScriptRestartPauseFirst) * (1LL << std::min<std::size_t>(deaths - 2, 20));
  return std::min<Milliseconds>(doubled, kScriptRestartPauseMax);
}

void Pool::refuse_all(std::unique_lock<std::mutex>&, const std::string& why) {
  queue_.drain([&](Call call) { answer(std::move(call), refused(why)); });
}

void Pool::close() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto wrote = ::write(stop_, &one, sizeof one);
  changed_.notify_all();
  auto workers = std::move(workers_);
  workers_.clear();
  lock.unlock();
  for (auto& worker : workers) worker->thread.join();
  lock.lock();
  refuse_all(lock, "the server is shutting down");
}

Pool::Measures Pool::measures() const {
  const std::lock_guard lock(mutex_);
  Measures measured = measures_;
  measured.helpers = running_;
  measured.waiting = queue_.waiting();
  return measured;
}

}  // namespace posthorn::script
