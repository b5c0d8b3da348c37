#include "domain/outbound/health.h"

#include "base/limits.h"

namespace posthorn::domain {

HealthStep after_attempt(std::optional<FailingEndpoint> health, const AttemptOutcome& outcome, Timestamp now,
                         Milliseconds disable_after) {
  using Change = HealthStep::Change;
  if (!concerns_endpoint(outcome.failure)) return {health};
  if (outcome.succeeded()) {
    if (!health) return {};
    return {std::nullopt, Change::well, health->told};
  }
  HealthStep step;
  if (!health) {
    health = FailingEndpoint{now};
    step.change = Change::failing;
  }
  ++health->failures;
  const bool long_enough = health->failures >= kFailingTold || (health->failures > 1 && now - health->since >= kFailingTime);
  if (!health->told && long_enough) {
    health->told = true;
    step.change = Change::told;
    step.tell = true;
  }
  step.disable = disable_after > Milliseconds(0) && now - health->since >= disable_after;
  step.health = health;
  return step;
}

}  // namespace posthorn::domain
