// The native API: every route under /api/v1 that works with data. The OpenAPI document (spec/native.openapi.json) says the
// same; a test compares the two.
#pragma once

#include <vector>

#include "api/kit/services.h"

namespace posthorn::api::native {

std::vector<Route> routes(const Services& services);

}  // namespace posthorn::api::native
