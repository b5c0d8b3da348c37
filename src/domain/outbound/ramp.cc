#include "domain/outbound/ramp.h"

#include <algorithm>
#include <cmath>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

constexpr double kFirst = 5;     // a second
constexpr double kGrowth = 100;  // a second, each second
constexpr double kKept = 0.1;    // seconds

double seconds(Timestamp from, Timestamp to) { return std::chrono::duration<double>(to - from).count(); }
double rate_after(double t) { return kFirst + kGrowth * t; }
double allowed_after(double t) { return 1 + kFirst * t + kGrowth / 2 * t * t; }
// The inverse of allowed_after.
double time_of(double allowed) {
  return (std::sqrt(kFirst * kFirst + 2 * kGrowth * std::max(allowed - 1, 0.0)) - kFirst) / kGrowth;
}

}  // namespace

bool Ramp::over(Timestamp now) const { return now - start_ >= kRampTime; }

Timestamp Ramp::next(Timestamp now) const {
  const Timestamp at = start_ + std::chrono::ceil<Milliseconds>(std::chrono::duration<double>(time_of(used_ + 1)));
  return std::max(at, now);
}

void Ramp::started(Timestamp now) {
  const double t = std::max(seconds(start_, now), 0.0);
  used_ = std::max(used_, allowed_after(t) - 1 - kKept * rate_after(t)) + 1;
}

}  // namespace posthorn::domain
