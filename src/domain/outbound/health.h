// Health of an endpoint over days, and what follows from an attempt. Pure. (Over seconds: Lane's breaker and Pace.)
//
//   well ──failure──► failing ──kFailingTold failures, or kFailingTime──► told ──disable_after──► disabled
//    ▲                   │ success                                         │ success: told of that too
//    └───────────────────┴─────────────────────────────────────────────────┘
//
// Failing means that every attempt since has failed, whatever its delivery. What says nothing of the endpoint
// (concerns_endpoint) counts for nothing. The store keeps when it began and whether it was told, so a restart forgets nothing
// that matters.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "domain/outbound/attempt.h"

namespace posthorn::domain {

struct FailingEndpoint {
  Timestamp since;
  std::uint32_t failures = 0;  // since then, or since the start of the process
  bool told = false;
  friend bool operator==(const FailingEndpoint&, const FailingEndpoint&) = default;
};

struct HealthStep {
  enum class Change { none, failing, told, well };  // what is to be written
  std::optional<FailingEndpoint> health;            // nothing: well
  Change change = Change::none;
  bool tell = false;     // its tenant, of the change: `told` that it fails, `well` that it is back
  bool disable = false;  // nothing but failures for too long
  friend bool operator==(const HealthStep&, const HealthStep&) = default;
};

// `disable_after`: 0: never.
HealthStep after_attempt(std::optional<FailingEndpoint> health, const AttemptOutcome& outcome, Timestamp now,
                         Milliseconds disable_after);

}  // namespace posthorn::domain
