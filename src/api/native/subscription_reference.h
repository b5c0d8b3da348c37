// Subscriptions are named by their UUID or by the uid that their owner chose: one place that finds out which.
#pragma once

#include <string_view>

#include "api/kit/services.h"

namespace posthorn::api::native {

// Errors: not_found.
inline Result<domain::SubscriptionPtr> find_subscription(const Services& services, const RequestContext& context,
                                                         std::string_view text) {
  const auto id = parse_id<SubscriptionId>(text);
  auto found = id ? services.catalogue.find_subscription(context.tenant->key, *id)
                  : services.catalogue.find_subscription_by_uid(context.tenant->key, text);
  if (!found) return not_found("There is no subscription of this id.", "unknown_subscription");
  return found;
}

}  // namespace posthorn::api::native
