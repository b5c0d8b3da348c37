// The answers of Orange Logic's surface: JSON, or XML when the caller asks for it.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace posthorn::api::orangelogic {

// Whether the Accept header prefers XML: it names application/xml or text/xml and not application/json before it.
bool wants_xml(std::string_view accept);

// `object` under the root element <response>; items of a list are <item>. Names that are no XML names stand in an attribute:
// <member name="…">. Characters that XML 1.0 cannot have become U+FFFD.
std::string to_xml(const boost::json::object& object);

net::HttpResponse document_answer(const net::HttpRequest& request, int status, const boost::json::object& object);

}  // namespace posthorn::api::orangelogic
