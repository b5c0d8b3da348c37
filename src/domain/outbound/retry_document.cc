#include <boost/json/array.hpp>

#include "domain/outbound/subscription_parts.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;

constexpr auto kDelayMsMax = Milliseconds(kRetryDelayMax).count();

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
  std::int64_t max = kDelayMsMax;
  std::int64_t retries = 0;
  double factor = 2.0;
  reader.required("baseMs").required("retries");
  reader.integer("baseMs", base, 1, kDelayMsMax);
  reader.number("factor", factor, 1.0, 100.0);
  reader.integer("maxMs", max, 1, kDelayMsMax);
  reader.integer("retries", retries, 0, static_cast<std::int64_t>(kRetriesMax));
  if (!reader.ok()) return;
  policy.delays = exponential_delays(Milliseconds(base), factor, Milliseconds(max), static_cast<std::uint32_t>(retries));
}

// One of three shapes: {"preset"}, {"scheduleMs"}, {"baseMs","factor","maxMs","retries"}; each with "jitter".
void read_policy(ObjectReader& outer, SubscriptionSettings& settings) {
  const bj::object* object = outer.object("retry");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("retry"));
  RetryPolicy policy = standard_retry_policy();
  std::string preset;
  if (object->contains("preset")) {
    reader.string("preset", preset, 64);
    if (reader.ok() && preset != "standard") reader.fail(invalid(reader.field("preset"), "must be one of: standard"));
  } else if (object->contains("scheduleMs")) {
    read_schedule(reader, policy);
  } else if (object->contains("baseMs")) {
    read_exponential(reader, policy);
  } else {
    reader.fail(invalid(outer.field("retry"), "must have one of: preset, scheduleMs, baseMs", "required"));
  }
  reader.number("jitter", policy.jitter, 0.0, 1.0);
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  settings.retry = std::move(policy);
  settings.retry_preset = preset;
}

}  // namespace

void read_retry(ObjectReader& reader, SubscriptionSettings& settings) {
  read_policy(reader, settings);
  std::int64_t timeout = settings.timeout.count();
  reader.integer("timeoutMs", timeout, Milliseconds(kAttemptTimeoutMin).count(), Milliseconds(kAttemptTimeoutMax).count());
  settings.timeout = Milliseconds(timeout);
}

void write_retry(const SubscriptionSettings& settings, bj::object& object) {
  bj::object retry;
  if (settings.retry_preset.empty()) {
    bj::array delays;
    for (const auto delay : settings.retry.delays) delays.emplace_back(delay.count());
    retry["scheduleMs"] = std::move(delays);
  } else {
    retry["preset"] = settings.retry_preset;
  }
  retry["jitter"] = settings.retry.jitter;
  object["retry"] = std::move(retry);
  object["timeoutMs"] = settings.timeout.count();
}

}  // namespace posthorn::domain
