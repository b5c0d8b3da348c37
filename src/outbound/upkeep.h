// Upkeep: the slow periodic work of the sending engine: renews the shards' leases and expires what is older than its period.
//
// Place: one, on the first out-loop. Expiry runs in bounded steps with pauses between, so deliveries are not disturbed.
// Concurrency: belongs to its loop.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
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

class Upkeep {
 public:
  Upkeep(EventLoop& loop, store::Session& session, const Clock& clock, std::string node, RetentionPeriods periods);

  // Claims the shards, then keeps them and expires.
  void start(UniqueFunction<void(Result<std::vector<store::Lease>>)> done);
  void stop();

  // Who has periods of their own now; asked at each round, on this loop. Set before start().
  using TenantsSource = std::function<std::vector<TenantPeriods>()>;
  void set_tenants(TenantsSource tenants) { tenants_source_ = std::move(tenants); }

 private:
  void renew();
  void expire();
  void expire_tenants();

  store::Session& session_;
  const Clock& clock_;
  const std::string node_;
  const RetentionPeriods periods_;
  std::vector<store::Lease> leases_;
  TenantsSource tenants_source_;
  std::vector<TenantPeriods> tenants_;  // that this round has still to look at
  bool stopped_ = false;
  std::unique_ptr<Alarm> renew_alarm_;
  std::unique_ptr<Alarm> expire_alarm_;
};

}  // namespace posthorn::outbound
