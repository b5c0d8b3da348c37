// The subscription that a text names: by its id, or by its owner's identifier. One that the caller may not touch is not there.
// Routes whose path names one so have the reach `filtered`.
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
  if (!found || !context.reaches(found->id.key))
    return not_found("There is no subscription of this id.", "unknown_subscription");
  return found;
}

// The one in the path.
inline Result<domain::SubscriptionPtr> find_subscription(const Services& services, const RequestContext& context) {
  return find_subscription(services, context, context.parameters[1]);
}

}  // namespace posthorn::api::native
