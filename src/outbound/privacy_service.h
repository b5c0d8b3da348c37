// PrivacyService: makes data go before its time: one event's payload, or all of a tenant. One per in-loop.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/ids.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::outbound {

class PrivacyService {
 public:
  struct Sinks {
    std::function<void(EventKey)> expunged;                       // the lanes keep nothing that was made of it
    std::function<void(SubscriptionKey, DeliveryKey)> cancelled;  // takes the delivery out of its lane
    std::function<void(domain::Job)> erase;                       // hands an erasure's job to Jobs
  };
  PrivacyService(store::Session& session, const Clock& clock, IdSource& ids, Sinks sinks);

  // When it answers the payload is gone from the store and from memory, and what was pending of it is cancelled; an attempt
  // that was being sent at that moment is not called back. May be repeated. Errors: not_found, unavailable (repeat it).
  net::Task<Status> expunge(TenantKey tenant, EventId event);

  // The tenant is gone from every read when it answers; the job removes its rows. Errors: not_found, precondition_failed.
  net::Task<Result<domain::Job>> erase(TenantKey tenant, std::int64_t expected_revision, store::Author author);

 private:
  store::Session& session_;
  const Clock& clock_;
  IdSource& ids_;
  const Sinks sinks_;
};

}  // namespace posthorn::outbound
