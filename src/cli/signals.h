// Stop: the wish that long work ends, as something to poll for instead of an interruption.
#pragma once

#include <chrono>
#include <csignal>
#include <optional>

#include "cli/durable_file.h"

namespace posthorn::cli {

class Stop {
 public:
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // Readable once the stop is wanted, and from then on. Any thread.
  int descriptor() const { return descriptor_.get(); }
  bool requested() const;
  // Waits until the stop is wanted or the time is over; nothing: no limit. Answers requested().
  bool wait(std::optional<std::chrono::milliseconds> time) const;

 protected:
  Stop() = default;
  ~Stop() = default;
  void set_descriptor(Descriptor descriptor) { descriptor_ = std::move(descriptor); }

 private:
  Descriptor descriptor_;
};

// By SIGINT and SIGTERM. Make it before the command starts any thread: it blocks both signals, and new threads inherit that.
class StopSignal final : public Stop {
 public:
  StopSignal();
  ~StopSignal();

 private:
  sigset_t before_{};
};

// By request() from any thread.
class StopSwitch final : public Stop {
 public:
  StopSwitch();
  void request();
};

// Waits until one of them is wanted or the time is over; answers whether one is.
bool wait_for_either(const Stop& left, const Stop& right, std::optional<std::chrono::milliseconds> time);

}  // namespace posthorn::cli
