// Waiters: those who wait for one answer that is being fetched for all of them; each gives up at its own deadline.
//
// Place: TokenCache and Handshakes, one for each thing that is fetched.
// Lifecycle: destroyed only when nobody waits. A callback may add waiters again; those are for the next answer.
// Concurrency: belongs to a loop.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/unique_function.h"

namespace posthorn::outbound {

template <class Answer>
class Waiters {
 public:
  using Done = UniqueFunction<void(Answer)>;

  // `late`: what those get whose deadline passes.
  Waiters(EventLoop& loop, const Clock& clock, Answer late)
      : clock_(clock), late_(std::move(late)), alarm_(loop.make_alarm([this] { give_up_late_ones(); })) {}
  ~Waiters() { POSTHORN_CHECK(waiting_.empty()); }
  Waiters(const Waiters&) = delete;
  Waiters& operator=(const Waiters&) = delete;

  void add(SteadyTime deadline, Done done) {
    waiting_.push_back({deadline, std::move(done)});
    arm();
  }
  bool empty() const { return waiting_.empty(); }

  // The object may be gone when it returns: the last callback may forget what it waited for.
  void answer_all(const Answer& answer) {
    alarm_->clear();
    auto all = std::exchange(waiting_, {});
    for (auto& one : all) one.done(answer);
  }

 private:
  struct One {
    SteadyTime deadline;
    Done done;
  };

  void arm() {
    const auto first = std::min_element(waiting_.begin(), waiting_.end(),
                                        [](const One& left, const One& right) { return left.deadline < right.deadline; });
    if (first == waiting_.end()) return alarm_->clear();
    alarm_->set(first->deadline);
  }

  void give_up_late_ones() {
    const auto now = clock_.steady_now();
    std::vector<One> gone;
    std::vector<One> kept;
    for (auto& one : waiting_) (one.deadline > now ? kept : gone).push_back(std::move(one));
    waiting_ = std::move(kept);
    arm();
    const Answer answer = late_;
    for (auto& one : gone) one.done(answer);
  }

  const Clock& clock_;
  const Answer late_;
  std::vector<One> waiting_;
  std::unique_ptr<Alarm> alarm_;
};

}  // namespace posthorn::outbound
