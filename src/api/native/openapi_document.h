// The description of the native API, served at /api/v1/openapi.json and as a page at /api/v1/docs.
#pragma once

#include <string_view>

#include "api/kit/document_routes.h"

namespace posthorn::api::native {

std::string_view openapi_document();  // spec/native.openapi.json, embedded at build

inline constexpr SurfaceDocument kDocument{"", openapi_document, "/api/v1/openapi.json", "/api/v1/docs"};

}  // namespace posthorn::api::native
