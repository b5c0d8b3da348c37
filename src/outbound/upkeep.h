// Upkeep: the slow periodic work of the sending engine: renews the shards' leases and expires what is older than its period.
//
// Place: one, on the first out-loop. Expiry runs in bounded steps with pauses between, so deliveries are not disturbed.
// Concurrency: belongs to its loop.
#pragma once

#include <chrono>
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
};

class Upkeep {
 public:
  Upkeep(EventLoop& loop, store::Session& session, const Clock& clock, std::string node, RetentionPeriods periods);

  // Claims the shards, then keeps them and expires.
  void start(UniqueFunction<void(Result<std::vector<store::Lease>>)> done);
  void stop();

 private:
  void renew();
  void expire();

  store::Session& session_;
  const Clock& clock_;
  const std::string node_;
  const RetentionPeriods periods_;
  std::vector<store::Lease> leases_;
  bool stopped_ = false;
  std::unique_ptr<Alarm> renew_alarm_;
  std::unique_ptr<Alarm> expire_alarm_;
};

}  // namespace posthorn::outbound
