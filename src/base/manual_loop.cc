#include "base/manual_loop.h"

#include <algorithm>

namespace posthorn {

class ManualLoop::ManualAlarm final : public Alarm {
 public:
  ManualAlarm(ManualLoop& loop, UniqueFunction<void()> callback) : loop_(loop), callback_(std::move(callback)) {}
  ~ManualAlarm() override { clear(); }

  void set(SteadyTime at) override {
    clear();
    place_ = loop_.alarms_.emplace(at, this);
    is_set_ = true;
  }
  void clear() override {
    if (std::exchange(is_set_, false)) loop_.alarms_.erase(place_);
  }
  void fire() {
    clear();
    callback_();
  }

 private:
  ManualLoop& loop_;
  UniqueFunction<void()> callback_;
  Alarms::iterator place_;
  bool is_set_ = false;
};

std::unique_ptr<Alarm> ManualLoop::make_alarm(UniqueFunction<void()> callback) {
  return std::make_unique<ManualAlarm>(*this, std::move(callback));
}

bool ManualLoop::fire_one_due() {
  if (alarms_.empty() || alarms_.begin()->first > clock_.steady_now()) return false;
  alarms_.begin()->second->fire();
  return true;
}

void ManualLoop::run_ready() {
  do {
    while (!queue_.empty()) {
      auto work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
  } while (fire_one_due());
}

void ManualLoop::advance(std::chrono::nanoseconds by) {
  const SteadyTime end = clock_.steady_now() + std::chrono::duration_cast<SteadyTime::duration>(by);
  run_ready();
  while (!alarms_.empty() && alarms_.begin()->first <= end) {
    clock_.advance(std::max(alarms_.begin()->first - clock_.steady_now(), SteadyTime::duration(0)));
    run_ready();
  }
  clock_.advance(end - clock_.steady_now());
  run_ready();
}

}  // namespace posthorn
