#include "outbound/tenant_pace.h"

namespace posthorn::outbound {

bool TenantPace::take(Timestamp now) {
  if (!limited()) return true;
  const std::lock_guard lock(mutex_);
  if (!bucket_) return true;
  const auto after = bucket_->after_take(kept_, now);
  return std::exchange(kept_, after) != after;
}

void TenantPace::give_back() {
  if (!limited()) return;
  const std::lock_guard lock(mutex_);
  if (bucket_) kept_ = bucket_->after_return(kept_);
}

Timestamp TenantPace::next(Timestamp now) const {
  if (!limited()) return now;
  const std::lock_guard lock(mutex_);
  return bucket_ ? bucket_->next(kept_, now) : now;
}

void TenantPace::set(std::optional<domain::RateLimit> limit) {
  const std::lock_guard lock(mutex_);
  if (limit == limit_) return;
  limit_ = limit;
  bucket_.reset();
  if (limit) bucket_.emplace(*limit);
  kept_ = 0;
  limited_.store(limit.has_value(), std::memory_order_relaxed);
}

TenantPacePtr TenantPaces::of(TenantKey tenant) {
  const std::lock_guard lock(mutex_);
  auto& pace = paces_[tenant];
  if (!pace) pace = std::make_shared<TenantPace>();
  return pace;
}

}  // namespace posthorn::outbound
