// The store's operations that make data go before its time: a tenant's own retention, one event's payload, all of a tenant.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/job_operations.h"
#include "store/operations.h"

namespace posthorn::store {

// One bounded step of retention for a tenant that keeps less than the server does. See Expire.
struct ExpireTenant {
  TenantKey tenant;
  Timestamp payloads_before;
  Timestamp attempts_before;
  Timestamp deliveries_before;
  std::uint32_t limit = 500;
};

// One bounded step: the event's payload goes with the first, its unfinished fan-out too; then, `limit` at a time from after
// `after`, pending deliveries are cancelled and what endpoints answered is blanked. May be repeated. Errors: not_found.
struct ExpungeEvent {
  TenantKey tenant;
  EventId event;
  DeliveryKey after;
  Timestamp at;
  std::uint32_t limit = 500;
};
struct ExpungedEvent {
  struct Cancelled {
    SubscriptionKey subscription;
    DeliveryKey delivery;
  };
  std::vector<Cancelled> cancelled;
  DeliveryKey last;  // 0: no delivery is left to look at
};

// The tenant disappears from every read, and a job (of kind erase) that will remove its rows is there, in one transaction.
// Errors: not_found; precondition_failed when the tenant's revision is another.
struct StartErasure {
  domain::Job job;
  std::int64_t expected_revision = 0;
  // Who asked for it: the server's, not the tenant's, and so without the tenant's name. It stays.
  std::optional<AuditEntry> audit = std::nullopt;
};
// One bounded step of it: about `limit` rows go, whatever table they are in, and their bytes are overwritten. The last step
// removes the tenant itself and ends the job. Errors as for AdvanceJob.
struct EraseStep {
  Lease lease;
  domain::JobKey job;
  Timestamp now;
  std::uint32_t limit = 500;
};

}  // namespace posthorn::store
