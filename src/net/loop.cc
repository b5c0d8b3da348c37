#include "net/loop.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <future>
#include <list>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "observe/log.h"

namespace posthorn::net {

namespace asio = boost::asio;

namespace {

constexpr auto kLagSampleInterval = std::chrono::milliseconds(100);

void report_escaped(std::string_view where, const char* what) {
  observe::log(observe::Level::error, "an exception escaped", {{"from", where}, {"what", what}});
}

bool is_cancellation(const std::exception& error) {
  const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
  return system != nullptr && system->code() == asio::error::operation_aborted;
}

class LoopAlarm final : public Alarm {
 public:
  LoopAlarm(asio::io_context& context, UniqueFunction<void()> callback)
      : state_(std::make_shared<State>(context, std::move(callback))) {}
  ~LoopAlarm() override {
    clear();
    state_->dead = true;
  }

  void set(SteadyTime at) override {
    state_->wanted = at;
    // A wait that ends earlier than wanted is left alone and renewed when it ends: moving a deadline forward is free.
    if (!state_->armed || at < *state_->armed) arm(state_);
  }
  void clear() override {
    state_->wanted.reset();
    if (state_->armed) {
      state_->armed.reset();
      state_->timer.cancel();
    }
  }

 private:
  struct State {
    State(asio::io_context& context, UniqueFunction<void()> function) : timer(context), callback(std::move(function)) {}
    asio::steady_timer timer;
    UniqueFunction<void()> callback;
    std::optional<SteadyTime> wanted;
    std::optional<SteadyTime> armed;
    std::uint64_t generation = 0;
    bool dead = false;
  };

  static void arm(const std::shared_ptr<State>& state) {
    state->armed = state->wanted;
    state->timer.expires_at(*state->wanted);
    const auto generation = ++state->generation;
    state->timer.async_wait([state, generation](const boost::system::error_code& error) {
      if (!error && !state->dead && generation == state->generation) expired(state);
    });
  }

  static void expired(const std::shared_ptr<State>& state) {
    state->armed.reset();
    if (!state->wanted) return;
    if (*state->wanted > std::chrono::steady_clock::now()) {
      arm(state);
      return;
    }
    state->wanted.reset();
    state->callback();
  }

  std::shared_ptr<State> state_;
};

}  // namespace

struct Loop::Impl {
  Impl() : lag_timer(context) {}

  // The hint promises one running thread, which spares Asio wake-ups; posting from other threads stays allowed.
  asio::io_context context{1};
  asio::steady_timer lag_timer;
  std::mutex mutex;  // guards the two below
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::thread thread;

  void run(const std::string& name) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& error) {
        report_escaped(name, error.what());
      } catch (...) {
        report_escaped(name, "not a std::exception");
      }
    }
  }

  void sample_lag(std::atomic<std::chrono::nanoseconds>& lag) {
    const auto due = std::chrono::steady_clock::now() + kLagSampleInterval;
    lag_timer.expires_at(due);
    lag_timer.async_wait([this, &lag, due](const boost::system::error_code& error) {
      if (error) return;
      lag.store(std::chrono::steady_clock::now() - due, std::memory_order_relaxed);
      sample_lag(lag);
    });
  }
};

Loop::Loop(std::string name) : impl_(std::make_unique<Impl>()), name_(std::move(name)) {}

Loop::~Loop() { stop(); }

void Loop::start() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->work) return;
  if (impl_->thread.joinable()) impl_->thread.join();  // it was stopped by itself
  impl_->context.restart();
  impl_->work.emplace(impl_->context.get_executor());
  impl_->thread = std::thread([this] {
    impl_->sample_lag(lag_);
    impl_->run(name_);
  });
}

void Loop::stop() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->work) {
    impl_->work.reset();
    asio::post(impl_->context, [this] { impl_->context.stop(); });
  }
  if (impl_->thread.joinable() && impl_->thread.get_id() != std::this_thread::get_id()) impl_->thread.join();
}

void Loop::post(UniqueFunction<void()> work) { asio::post(impl_->context, std::move(work)); }

std::unique_ptr<Alarm> Loop::make_alarm(UniqueFunction<void()> callback) {
  return std::make_unique<LoopAlarm>(impl_->context, std::move(callback));
}

asio::io_context& Loop::context() { return impl_->context; }

bool Loop::on_loop_thread() const { return impl_->context.get_executor().running_in_this_thread(); }

// One node a running task. A node leaves the list when Asio drops the task's completion handler, which happens both when the
// task ends and when it is destroyed unfinished.
struct Scope::Impl {
  explicit Impl(Loop& owner) : loop(owner) {}

  struct Running {
    asio::cancellation_signal signal;
  };
  using List = std::list<std::shared_ptr<Running>>;

  struct Leave {
    std::shared_ptr<Impl> impl;
    List::iterator place;
    Leave(std::shared_ptr<Impl> owner, List::iterator where) : impl(std::move(owner)), place(where) {}
    Leave(Leave&& other) noexcept : impl(std::move(other.impl)), place(other.place) {}
    Leave& operator=(Leave&&) = delete;
    ~Leave() {
      if (impl) impl->left(place);
    }
  };

  void left(List::iterator place) {
    running.erase(place);
    if (!running.empty()) return;
    for (auto& waiter : std::exchange(waiters, {})) loop.post([waiter = std::move(waiter)]() mutable { waiter({}); });
  }

  void ended(const std::exception_ptr& escaped) const {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      if (!(closed && is_cancellation(error))) report_escaped("a task", error.what());
    } catch (...) {
      report_escaped("a task", "not a std::exception");
    }
  }

  Loop& loop;
  List running;
  bool closed = false;
  std::vector<UniqueFunction<void(std::monostate)>> waiters;
};

Scope::Scope(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}

Scope::~Scope() { POSTHORN_CHECK(impl_->running.empty()); }

void Scope::spawn(Task<void> task) {
  if (impl_->closed) return;
  auto node = std::make_shared<Impl::Running>();
  const auto place = impl_->running.insert(impl_->running.end(), node);
  auto done = [leave = Impl::Leave(impl_, place), node](const std::exception_ptr& escaped) { leave.impl->ended(escaped); };
  asio::co_spawn(impl_->loop.context(), std::move(task), asio::bind_cancellation_slot(node->signal.slot(), std::move(done)));
}

void Scope::close() {
  if (std::exchange(impl_->closed, true)) return;
  const std::vector<std::shared_ptr<Impl::Running>> snapshot(impl_->running.begin(), impl_->running.end());
  for (const auto& node : snapshot) node->signal.emit(asio::cancellation_type::terminal);
}

Task<void> Scope::join() {
  close();
  auto impl = impl_;
  if (impl->running.empty()) co_return;
  co_await until<std::monostate>([&impl](auto done) { impl->waiters.push_back(std::move(done)); });
}

std::size_t Scope::running() const { return impl_->running.size(); }

Task<void> sleep_until(Loop& loop, SteadyTime time) {
  asio::steady_timer timer(loop.context(), time);
  co_await timer.async_wait(asio::use_awaitable);
}

void run_on(Loop& loop, UniqueFunction<Task<void>()> make_task) {
  POSTHORN_CHECK(!loop.on_loop_thread());
  std::promise<void> promise;
  auto finished = promise.get_future();
  loop.post([&loop, &make_task, promise = std::move(promise)]() mutable {
    asio::co_spawn(loop.context(), make_task(), [promise = std::move(promise)](const std::exception_ptr& escaped) mutable {
      if (escaped) {
        promise.set_exception(escaped);
      } else {
        promise.set_value();
      }
    });
  });
  finished.get();
}

}  // namespace posthorn::net
