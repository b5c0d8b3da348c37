// Time, as an interface: engines never read a clock of their own.
//
// Three readings, because they differ exactly when it matters:
//   wall_now()      what the machine says it is; it may jump. For signatures and for what people read.
//   steady_now()    never jumps, means nothing outside this process. For deadlines and intervals.
//   schedule_now()  wall time at start plus steady time since; it does not follow a jump of the wall clock, so due
//                   times that are kept in the store neither burst nor stall when somebody sets the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthorn {

using Milliseconds = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Milliseconds>;  // UTC, milliseconds since 1970
using SteadyTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall_now() const = 0;
  virtual SteadyTime steady_now() const = 0;
  virtual Timestamp schedule_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  SystemClock();
  Timestamp wall_now() const override;
  SteadyTime steady_now() const override;
  Timestamp schedule_now() const override;

 private:
  Timestamp wall_at_start_;
  SteadyTime steady_at_start_;
};

// A clock that tests move. advance() moves all three readings; jump_wall() moves only the wall.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = Timestamp(Milliseconds(1'700'000'000'000)));
  Timestamp wall_now() const override { return wall_; }
  SteadyTime steady_now() const override { return steady_; }
  Timestamp schedule_now() const override { return schedule_; }
  void advance(std::chrono::nanoseconds by);
  void jump_wall(Milliseconds by) { wall_ += by; }

 private:
  Timestamp wall_;
  Timestamp schedule_;
  SteadyTime steady_{};
  std::chrono::nanoseconds rest_{0};
};

// RFC 3339 in UTC with milliseconds: 2026-01-31T23:59:59.123Z.
std::string to_rfc3339(Timestamp time);

// Reads RFC 3339 with any offset and up to nine fraction digits (cut to milliseconds); nothing for anything else.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace posthorn
