// Reading request bodies.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::api {

// Errors: malformed (not JSON); invalid_argument (JSON, but not an object).
Result<boost::json::object> read_object(std::string_view body);

// The bytes of one member of an object that read_object() has accepted; empty when it is absent or null.
std::string raw_document(std::string_view body, std::string_view name);

// application/json, with no parameter but charset=utf-8. An absent header counts as JSON.
bool is_json_media_type(std::string_view content_type);

// application/x-www-form-urlencoded, likewise; it must be there.
bool is_form_media_type(std::string_view content_type);

}  // namespace posthorn::api
