#include <algorithm>
#include <boost/json/array.hpp>

#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

constexpr auto kDelayMsMax = Milliseconds(kRetryDelayMax).count();

void read_preset(ObjectReader& reader, RetryPolicy& policy, std::string& preset) {
  reader.string("preset", preset, 64);
  if (!reader.ok()) return;
  if (const auto* found = find_retry_preset(preset)) {
    policy = found->policy;
    return;
  }
  std::string names;
  for (const auto& known : retry_presets()) names += (names.empty() ? "" : ", ") + std::string(known.name);
  reader.fail(invalid(reader.field("preset"), "must be one of: " + names));
}

void read_schedule(ObjectReader& reader, RetryPolicy& policy) {
  const bj::array* array = reader.array("scheduleMs", kRetriesMax);
  if (array == nullptr) return;
  policy.delays.clear();
  for (const auto& item : *array) {
    const auto* number = item.if_int64();
    if (number == nullptr || *number < 0 || *number > kDelayMsMax) {
      return reader.fail(invalid(item_field(reader, "scheduleMs", policy.delays.size()),
                                 "must be a whole number from 0 to " + std::to_string(kDelayMsMax), "out_of_range"));
    }
    policy.delays.emplace_back(*number);
  }
}

void read_exponential(ObjectReader& reader, RetryPolicy& policy) {
  std::int64_t base = 0;
  std::int64_t retries = 0;
  double factor = 2.0;
  reader.required("baseMs").required("retries");
  reader.integer("baseMs", base, 1, kDelayMsMax);
  reader.number("factor", factor, 1.0, 100.0);
  reader.integer("retries", retries, 0, static_cast<std::int64_t>(kRetriesMax));
  if (!reader.ok()) return;
  policy.delays = exponential_delays(Milliseconds(base), factor, kRetryDelayMax, static_cast<std::uint32_t>(retries));
}

void read_delay_max(ObjectReader& reader, RetryPolicy& policy) {
  std::int64_t max = policy.delay_max.count();
  reader.integer("maxMs", max, 1, kDelayMsMax);
  policy.delay_max = Milliseconds(max);
  for (auto& delay : policy.delays) delay = std::min(delay, policy.delay_max);
}

void read_end_on(ObjectReader& reader, RetryPolicy& policy) {
  const bj::array* array = reader.array("endOn", kEndStatusesMax);
  if (array == nullptr) return;
  policy.end_on.clear();
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto* status = (*array)[i].if_int64();
    if (status == nullptr || *status < 300 || *status > 599) {
      return reader.fail(invalid(item_field(reader, "endOn", i), "must be a whole number from 300 to 599", "out_of_range"));
    }
    const auto value = static_cast<std::uint16_t>(*status);
    const auto place = std::lower_bound(policy.end_on.begin(), policy.end_on.end(), value);
    if (place != policy.end_on.end() && *place == value) {
      return reader.fail(invalid(item_field(reader, "endOn", i), "is there twice"));
    }
    policy.end_on.insert(place, value);
  }
}

// One of three shapes: {"preset"}, {"scheduleMs"}, {"baseMs","factor","retries"}; each with "jitter", "maxMs" and "endOn".
void read_policy(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::object* object = outer.object("retry");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("retry"));
  RetryPolicy policy;
  std::string preset;
  if (object->contains("preset")) {
    read_preset(reader, policy, preset);
  } else if (object->contains("scheduleMs")) {
    read_schedule(reader, policy);
  } else if (object->contains("baseMs")) {
    read_exponential(reader, policy);
  } else {
    reader.fail(invalid(outer.field("retry"), "must have one of: preset, scheduleMs, baseMs", "required"));
  }
  reader.number("jitter", policy.jitter, 0.0, 1.0);
  read_delay_max(reader, policy);
  read_end_on(reader, policy);
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  settings.retry = std::move(policy);
  settings.retry_preset = preset;
}

Milliseconds default_timeout(const std::string& preset) {
  const auto* found = find_retry_preset(preset);
  return found == nullptr ? Milliseconds(kAttemptTimeoutDefault) : found->timeout;
}

}  // namespace

void read_retry(ObjectReader& reader, SubscriptionSettings& settings) {
  const Milliseconds default_before = default_timeout(settings.retry_preset);
  read_policy(reader, settings);
  // A timeout that nobody chose follows the preset.
  if (settings.timeout == default_before) settings.timeout = default_timeout(settings.retry_preset);
  std::int64_t timeout = settings.timeout.count();
  reader.integer("timeoutMs", timeout, Milliseconds(kAttemptTimeoutMin).count(), Milliseconds(kAttemptTimeoutMax).count());
  settings.timeout = Milliseconds(timeout);
}

void write_retry(const SubscriptionSettings& settings, bj::object& object) {
  const RetryPolicy& policy = settings.retry;
  bj::object retry;
  if (settings.retry_preset.empty()) {
    bj::array delays;
    for (const auto delay : policy.delays) delays.emplace_back(delay.count());
    retry["scheduleMs"] = std::move(delays);
  } else {
    retry["preset"] = settings.retry_preset;
  }
  retry["jitter"] = policy.jitter;
  if (policy.delay_max < Milliseconds(kRetryDelayMax)) retry["maxMs"] = policy.delay_max.count();
  if (!policy.end_on.empty()) retry["endOn"] = bj::array(policy.end_on.begin(), policy.end_on.end());
  object["retry"] = std::move(retry);
  object["timeoutMs"] = settings.timeout.count();
}

}  // namespace posthorn::domain
