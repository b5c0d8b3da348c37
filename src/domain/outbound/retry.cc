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

std::span<const RetryPreset> retry_presets() {
  static const std::vector<RetryPreset> presets{
      {"standard", {.delays = {5s, 5min, 30min, 2h, 5h, 10h, 14h, 20h, 24h}}, 15s},
      {"orangelogic", {.delays = {30s, 1min, 2min, 4min, 8min}}, 15s},
      {"ovation", {.delays = {64s, 729s}, .jitter = 0.0}, 10s},
  };
  return presets;
}

const RetryPreset* find_retry_preset(std::string_view name) {
  for (const auto& preset : retry_presets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

const RetryPolicy& standard_retry_policy() { return retry_presets().front().policy; }

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

bool never_connected(const AttemptOutcome& outcome) {
  return outcome.failure == FailureKind::name || outcome.failure == FailureKind::connect;
}

NextStep next_step(const RetryPolicy& policy, AttemptPlace place, const AttemptOutcome& outcome, Random& random) {
  POSTHORN_CHECK(place.number > place.schedule_start);
  using Kind = NextStep::Kind;
  if (outcome.succeeded()) return {.kind = Kind::succeeded};
  if (outcome.status == kGone) return {.kind = Kind::exhausted, .disable_subscription = true};
  if (std::binary_search(policy.end_on.begin(), policy.end_on.end(), outcome.status)) return {.kind = Kind::exhausted};
  if (policy.delays.empty()) return {.kind = Kind::exhausted};
  if (place.number == 1 && never_connected(outcome)) return {.kind = Kind::retry, .outside_schedule = true};

  const std::uint32_t made = place.number - place.schedule_start;
  if (made > policy.delays.size()) return {.kind = Kind::exhausted};
  Milliseconds delay = std::min(with_jitter(policy.delays[made - 1], policy.jitter, random), policy.delay_max);
  if (outcome.retry_after) delay = std::max(delay, std::min<Milliseconds>(*outcome.retry_after, kRetryAfterMax));
  return {.kind = Kind::retry, .delay = delay};
}

}  // namespace posthorn::domain
