// Ovation's surface: its webhook API, under /ovation. Wire facts and choices: spec/ovation.openapi.json (what Ovation does not
// publish is marked x-posthorn-choice there).
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/document_routes.h"
#include "api/kit/services.h"

namespace posthorn::api::ovation {

std::string_view openapi_document();  // spec/ovation.openapi.json, embedded at build

inline constexpr SurfaceDocument kDocument{"/ovation", openapi_document, "/ovation/openapi.json", "/ovation/docs"};

std::vector<Route> routes(const Services& services);

}  // namespace posthorn::api::ovation
