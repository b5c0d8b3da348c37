#include "domain/outbound/subscription.h"

#include <algorithm>

#include "domain/outbound/topic.h"

namespace posthorn::domain {

bool matches(const Subscription& subscription, const Event& event) {
  const auto& settings = subscription.settings;
  if (subscription.tenant != event.tenant || !settings.enabled) return false;
  if (!settings.scope.empty() && settings.scope != event.scope) return false;
  return std::any_of(settings.topics.begin(), settings.topics.end(),
                     [&](const std::string& pattern) { return topic_matches(pattern, event.topic); });
}

}  // namespace posthorn::domain
