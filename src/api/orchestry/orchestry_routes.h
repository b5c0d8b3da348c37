// The parts of Orchestry's surface: one function for each file.
#pragma once

#include <vector>

#include "api/kit/services.h"
#include "api/kit/surface.h"

namespace posthorn::api::orchestry {

// Problem bodies, with 400 for a value that is not acceptable.
extern const Surface kSurface;

void add_webhook_routes(std::vector<Route>& routes, const Services& services);
void add_token_routes(std::vector<Route>& routes, const Services& services);

}  // namespace posthorn::api::orchestry
