// Orange Logic's surface: its webhook calls and its token call, under /orangelogic. Wire facts and choices:
// spec/orangelogic.openapi.json (what Orange Logic does not publish is marked x-posthorn-choice there).
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/document_routes.h"
#include "api/kit/services.h"

namespace posthorn::api::orangelogic {

std::string_view openapi_document();  // spec/orangelogic.openapi.json, embedded at build

inline constexpr SurfaceDocument kDocument{"/orangelogic", openapi_document, "/orangelogic/openapi.json", "/orangelogic/docs"};

std::vector<Route> routes(const Services& services);

}  // namespace posthorn::api::orangelogic
