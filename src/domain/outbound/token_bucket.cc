#include "domain/outbound/token_bucket.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace posthorn::domain {
namespace {

constexpr std::int64_t kSlack = 5'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;

std::int64_t nanoseconds(Timestamp time) { return time.time_since_epoch().count() * kMillisecond; }

}  // namespace

TokenBucket::TokenBucket(const RateLimit& limit)
    : interval_(static_cast<std::int64_t>(std::ceil(1e9 / limit.per_second))),
      capacity_(interval_ * static_cast<std::int64_t>(limit.burst) + kSlack) {
  POSTHORN_CHECK(limit.per_second > 0 && limit.burst >= 1);
}

TokenBucket::Kept TokenBucket::after_take(Kept kept, Timestamp now) const {
  const std::int64_t full = std::max(kept, nanoseconds(now)) + interval_;
  return full - nanoseconds(now) <= capacity_ ? full : kept;
}

Timestamp TokenBucket::next(Kept kept, Timestamp now) const {
  const std::int64_t at = kept + interval_ - capacity_;
  if (at <= nanoseconds(now)) return now;
  return Timestamp(Milliseconds((at + kMillisecond - 1) / kMillisecond));
}

}  // namespace posthorn::domain
