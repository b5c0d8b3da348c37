// The description of the native API: /api/v1/openapi.json and the same as a page, /api/v1/docs. Open to everybody: it is the
// same for every installation.
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/router.h"

namespace posthorn::api::native {

std::string_view openapi_document();  // spec/native.openapi.json, embedded at build

std::vector<Route> openapi_routes();

}  // namespace posthorn::api::native
