#include "domain/outbound/retry.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/limits.h"

namespace posthorn::domain {
namespace {

constexpr int kGone = 410;

Milliseconds with_jitter(Milliseconds delay, double jitter, Random& random) {
  const double factor = 1.0 + jitter * (2.0 * random.fraction() - 1.0);
  return Milliseconds(std::llround(static_cast<double>(delay.count()) * factor));
}

}  // namespace

const RetryPolicy& standard_retry_policy() {
  static const RetryPolicy policy{{5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h}, 0.2};
  return policy;
}

std::vector<Milliseconds> exponential_delays(Milliseconds base, double factor, Milliseconds max, std::uint32_t retries) {
  POSTHORN_CHECK(base.count() > 0 && factor >= 1.0 && retries <= kRetriesMax);
  std::vector<Milliseconds> delays;
  delays.reserve(retries);
  const auto limit = static_cast<double>(max.count());
  double delay = static_cast<double>(base.count());
  for (std::uint32_t i = 0; i < retries; ++i) {
    delays.emplace_back(std::llround(std::min(delay, limit)));
    delay = std::min(delay * factor, limit);
  }
  return delays;
}

NextStep next_step(const RetryPolicy& policy, std::uint32_t attempts_made, const AttemptOutcome& outcome, Random& random) {
  POSTHORN_CHECK(attempts_made >= 1);
  if (outcome.succeeded()) return {NextStep::Kind::succeeded};
  if (outcome.status == kGone) return {NextStep::Kind::exhausted, Milliseconds(0), true};
  if (attempts_made > policy.delays.size()) return {NextStep::Kind::exhausted};

  Milliseconds delay = with_jitter(policy.delays[attempts_made - 1], policy.jitter, random);
  if (outcome.retry_after) {
    delay = std::max<Milliseconds>(delay, std::min<std::chrono::seconds>(*outcome.retry_after, kRetryAfterMax));
  }
  return {NextStep::Kind::retry, delay};
}

}  // namespace posthorn::domain
