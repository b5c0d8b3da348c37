// Notices: makes the events that the server publishes about a subscription's endpoint and deliveries
// (domain/outbound/notice.h).
//
// Place: LaneSet asks for them while it records an attempt; they are written in the same transaction.
// Volume: an event is made only when somebody subscribes to it, never about deliveries of such events (nothing can loop), and
//   never for the subscription that it says was disabled. Of one kind and subscription at most kNoticeBurst at once and
//   kNoticesPerSecond on average; the next one says how many were left out.
// Concurrency: belongs to its loop.
#pragma once

#include <map>
#include <optional>

#include "base/random.h"
#include "domain/outbound/notice.h"
#include "domain/outbound/token_bucket.h"
#include "outbound/accepted_work.h"
#include "outbound/catalogue.h"

namespace posthorn::outbound {

struct NoticeMade {
  store::NewEvent write;
  AcceptedWork work;  // for when it is committed
};

class Notices {
 public:
  Notices(const Catalogue& catalogue, IdSource& ids, const Clock& clock, OrderHorizon& horizon, std::uint64_t seed);

  // Nothing when nobody is to get it.
  std::optional<NoticeMade> make(domain::Notice notice, domain::NoticeFacts facts);

 private:
  struct Bound {
    domain::TokenBucket::Kept kept = 0;
    std::uint64_t suppressed = 0;
  };

  const Catalogue& catalogue_;
  IdSource& ids_;
  const Clock& clock_;
  OrderHorizon& horizon_;
  SeededRandom random_;
  const domain::TokenBucket bucket_;
  std::map<std::pair<SubscriptionKey, domain::Notice>, Bound> bounds_;
};

}  // namespace posthorn::outbound
