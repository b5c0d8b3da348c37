// Holds answers against the OpenAPI document (tests only).
#pragma once

#include <string_view>
#include <vector>

#include "api/kit/document_routes.h"
#include "api/kit/router.h"

namespace posthorn::api::testing {

struct Reply;

// The documents of all surfaces; the native one has no prefix.
const std::vector<SurfaceDocument>& surface_documents();
// Whose a route is: the surface with the longest prefix of its pattern.
const SurfaceDocument& surface_of(std::string_view pattern);

// Fails the running test when the document does not know the answer's status or media type for this call, or when its body
// does not meet the schema; and for every 500: no request may cause one. Paths and methods that no route has are not in the
// document and are left alone.
void check_against_openapi(const Router& router, std::string_view method, std::string_view path, const Reply& reply);

}  // namespace posthorn::api::testing
