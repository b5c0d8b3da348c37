#include "api/orangelogic/subscription.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>

#include "api/kit/body.h"
#include "base/text.h"
#include "domain/outbound/subscription_document.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;

// Members that mean the same natively.
struct Name {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array<Name, 8> kNames{{{"name", "name"},
                                      {"description", "description"},
                                      {"targetUrl", "url"},
                                      {"topics", "topics"},
                                      {"includePredicates", "include"},
                                      {"excludePredicates", "exclude"},
                                      {"customHeaders", "headers"},
                                      {"active", "enabled"}}};
constexpr std::int64_t kRetriesDefault = 5;

// "url" and what stands below it become "targetUrl" and so on.
Error in_their_words(Error error) {
  const auto slash = error.field.find('/');
  const std::string_view first = std::string_view(error.field).substr(0, slash);
  std::string_view theirs = first == "timeoutMs" ? "timeoutSeconds" : first == "retry" ? "maxRetries" : first;
  for (const auto& name : kNames) {
    if (name.ours == first) theirs = name.theirs;
  }
  error.field = std::string(theirs) + (slash == std::string::npos ? "" : error.field.substr(slash));
  return error;
}

Result<std::int64_t> whole_number(const bj::value& value, std::string_view name, std::int64_t min, std::int64_t max) {
  const auto* number = value.if_int64();
  if (number == nullptr || *number < min || *number > max) {
    return invalid(std::string(name), "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max),
                   "out_of_range");
  }
  return *number;
}

bj::object retry_of(std::int64_t retries) {
  if (retries == kRetriesDefault) return {{"preset", "orangelogic"}};
  return {{"baseMs", 30'000}, {"factor", 2}, {"retries", retries}};
}

}  // namespace

Result<bj::object> with_known_names(const bj::object& object, std::initializer_list<std::string_view> known) {
  bj::object spelled;
  for (const auto& [key, value] : object) {
    const auto* name =
        std::find_if(known.begin(), known.end(), [&](std::string_view each) { return equals_ignoring_case(each, key); });
    if (name == known.end()) return invalid(std::string(key), "is not known", "unknown_member");
    if (spelled.contains(*name)) return invalid(std::string(*name), "is there twice");
    spelled[*name] = value;
  }
  return spelled;
}

Result<bj::object> read_members(std::string_view body, std::initializer_list<std::string_view> known) {
  const auto object = read_object(body);
  if (!object) return object.error();
  return with_known_names(*object, known);
}

domain::SubscriptionSettings blank_subscription() {
  auto settings =
      domain::read_settings({{"format", "orangelogic"}, {"signatures", bj::array()}, {"retry", retry_of(kRetriesDefault)}}, {});
  return std::move(settings).value();
}

Result<domain::SubscriptionSettings> read_subscription(const bj::object& object, domain::SubscriptionSettings base) {
  bj::object ours;
  for (const auto& name : kNames) {
    if (const auto* value = object.if_contains(name.theirs)) ours[name.ours] = *value;
  }
  if (const auto* value = object.if_contains("maxRetries")) {
    const auto retries = whole_number(*value, "maxRetries", 0, static_cast<std::int64_t>(kRetriesMax));
    if (!retries) return retries.error();
    ours["retry"] = retry_of(*retries);
  }
  const auto timeout = base.timeout;
  if (const auto* value = object.if_contains("timeoutSeconds")) {
    const auto seconds = whole_number(*value, "timeoutSeconds", 1, std::chrono::seconds(kAttemptTimeoutMax).count());
    if (!seconds) return seconds.error();
    ours["timeoutMs"] = *seconds * 1000;
  } else {
    ours["timeoutMs"] = timeout.count();
  }
  auto settings = domain::read_settings(ours, std::move(base));
  if (!settings) return in_their_words(std::move(settings).error());
  if (auto checked = domain::check_settings(*settings); !checked) return in_their_words(std::move(checked).error());
  return settings;
}

bool is_subscription(const domain::Subscription& subscription) {
  return subscription.settings.format == domain::Format::orangelogic;
}

bj::object write_subscription(const domain::Subscription& subscription) {
  const bj::object ours = domain::write_settings(subscription.settings);
  bj::object theirs;
  theirs["subscriptionId"] = to_text(subscription.id);
  for (const auto& name : kNames) theirs[name.theirs] = ours.at(name.ours);
  theirs["maxRetries"] = subscription.settings.retry.delays.size();
  theirs["timeoutSeconds"] = std::chrono::ceil<std::chrono::seconds>(subscription.settings.timeout).count();
  return theirs;
}

}  // namespace posthorn::api::orangelogic
