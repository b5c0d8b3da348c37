// Upkeep: the slow periodic work of the sending engine: renews the shards' leases and expires what is older than its period.
//
// Place: one, on the first out-loop. Expiry runs in bounded steps: small ones with pauses between while the store has other
// work,
//   so that deliveries are not disturbed, larger ones without a pause while it has none (next_pace).
// Concurrency: belongs to its loop.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/limits.h"
#include "store/store.h"

namespace posthorn::outbound {

struct RetentionPeriods {
  std::chrono::hours payloads{24 * 30};
  std::chrono::hours attempts{24 * 90};
  std::chrono::hours deliveries{24 * 90};
  std::chrono::hours idempotency{24};
  std::chrono::hours statistics{24 * 400};
};

// A tenant that keeps less than the server does; what it leaves out is the server's.
struct TenantPeriods {
  TenantKey tenant;
  std::optional<std::chrono::hours> payloads;
  std::optional<std::chrono::hours> attempts;
  std::optional<std::chrono::hours> deliveries;
};

// How large the next step of expiry is, and how long it waits.
struct ExpiryPace {
  std::uint32_t rows = kExpiryStepMin;
  Milliseconds pause{0};
  friend bool operator==(const ExpiryPace&, const ExpiryPace&) = default;
};
// `took`: of the step before, from asking to answer; `waiting`: writes that wait for the store now.
ExpiryPace next_pace(const ExpiryPace& before, SteadyTime::duration took, std::uint64_t waiting);

class Upkeep {
 public:
  Upkeep(EventLoop& loop, store::Session& session, const Clock& clock, std::string node, RetentionPeriods periods);

  // Claims the shards, then keeps them and expires.
  void start(UniqueFunction<void(Result<std::vector<store::Lease>>)> done);
  void stop();

  // Who has periods of their own now; asked at each round, on this loop. Set before start().
  using TenantsSource = std::function<std::vector<TenantPeriods>()>;
  void set_tenants(TenantsSource tenants) { tenants_source_ = std::move(tenants); }
  // How many writes wait for the store now; without it, it counts as busy. Set before start().
  using WaitingSource = std::function<std::uint64_t()>;
  void set_waiting(WaitingSource waiting) { waiting_source_ = std::move(waiting); }
  // Since when expiry has had more to remove than it came to; nothing: it is done. Any thread.
  std::optional<Timestamp> behind_since() const;

 private:
  void renew();
  void expire();
  void expire_tenants();
  void next_step(SteadyTime started);
  void note_done();  // until the next round

  store::Session& session_;
  const Clock& clock_;
  const std::string node_;
  const RetentionPeriods periods_;
  std::vector<store::Lease> leases_;
  TenantsSource tenants_source_;
  WaitingSource waiting_source_;
  ExpiryPace pace_;
  std::atomic<std::int64_t> behind_since_ms_{0};  // 0: it is done
  std::vector<TenantPeriods> tenants_;            // that this round has still to look at
  bool stopped_ = false;
  std::unique_ptr<Alarm> renew_alarm_;
  std::unique_ptr<Alarm> expire_alarm_;
};

}  // namespace posthorn::outbound
