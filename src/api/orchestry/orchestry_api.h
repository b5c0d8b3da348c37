// Orchestry's surface: its provisioning API's webhooks and its token call, under /orchestry. Wire facts and choices:
// spec/orchestry.openapi.json (what Orchestry does not publish is marked x-posthorn-choice there).
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/document_routes.h"
#include "api/kit/services.h"

namespace posthorn::api::orchestry {

std::string_view openapi_document();  // spec/orchestry.openapi.json, embedded at build

inline constexpr SurfaceDocument kDocument{"/orchestry", openapi_document, "/orchestry/openapi.json", "/orchestry/docs"};

std::vector<Route> routes(const Services& services);

}  // namespace posthorn::api::orchestry
