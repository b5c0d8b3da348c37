// TenantPaces: each tenant's rate limit, over all its lanes and all out-loops.
//
// One bucket a tenant, shared by the loops: what it lets through is exact, however the lanes are spread. A tenant without a
// limit costs one atomic read an attempt. Place: app sets the limits as tenants are read and changed; LaneSet takes from them.
// Concurrency: thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/ids.h"
#include "domain/outbound/token_bucket.h"

namespace posthorn::outbound {

class TenantPace {
 public:
  bool limited() const { return limited_.load(std::memory_order_relaxed); }
  // A token, when one is there (always without a limit).
  bool take(Timestamp now);
  // One that was not used after all.
  void give_back();
  // When the next one is there.
  Timestamp next(Timestamp now) const;
  void set(std::optional<domain::RateLimit> limit);

 private:
  std::atomic<bool> limited_{false};
  mutable std::mutex mutex_;
  std::optional<domain::RateLimit> limit_;
  std::optional<domain::TokenBucket> bucket_;
  domain::TokenBucket::Kept kept_ = 0;
};
using TenantPacePtr = std::shared_ptr<TenantPace>;

class TenantPaces {
 public:
  TenantPacePtr of(TenantKey tenant);
  void set(TenantKey tenant, std::optional<domain::RateLimit> limit) { of(tenant)->set(limit); }

 private:
  std::mutex mutex_;
  std::unordered_map<TenantKey, TenantPacePtr> paces_;
};

}  // namespace posthorn::outbound
