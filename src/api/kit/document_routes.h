// The description of a surface: its OpenAPI document and the same as a page. Open to everybody: it is the same for every
// installation.
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/router.h"

namespace posthorn::api {

struct SurfaceDocument {
  std::string_view prefix;  // of the surface's paths: "/api/v1"
  std::string_view (*text)();
  std::string_view json_path;  // where it is served
  std::string_view page_path;
};

std::vector<Route> document_routes(const SurfaceDocument& document);

}  // namespace posthorn::api
