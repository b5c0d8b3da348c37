// The subscription that a path names: by its id, or by its owner's identifier. One that the caller may not touch is not there.
// Routes whose path names one so have the reach `filtered`.
#pragma once

#include "api/kit/services.h"

namespace posthorn::api::native {

inline Result<domain::SubscriptionPtr> find_subscription(const Services& services, const RequestContext& context) {
  const std::string& given = context.parameters[1];
  const auto id = parse_id<SubscriptionId>(given);
  auto found = id ? services.catalogue.find_subscription(context.tenant->key, *id)
                  : services.catalogue.find_subscription_by_uid(context.tenant->key, given);
  if (!found || !context.reaches(found->id.key))
    return not_found("There is no subscription of this id.", "unknown_subscription");
  return found;
}

}  // namespace posthorn::api::native
