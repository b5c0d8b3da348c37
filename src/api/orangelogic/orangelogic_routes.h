// The parts of Orange Logic's surface: one function for each file.
#pragma once

#include <vector>

#include "api/kit/services.h"
#include "api/kit/surface.h"

namespace posthorn::api::orangelogic {

// {"error":{"code","message","details"}}, in JSON or XML; 400 for a value that is not acceptable.
extern const Surface kSurface;

void add_subscription_routes(std::vector<Route>& routes, const Services& services);
void add_event_routes(std::vector<Route>& routes, const Services& services);  // test, trigger, topics
void add_token_route(std::vector<Route>& routes, const Services& services);

// The subscription of that id; another tenant's, another surface's and one that the caller may not touch are not there.
Result<domain::SubscriptionPtr> find_subscription(const Services& services, const RequestContext& context, std::string_view id);

}  // namespace posthorn::api::orangelogic
