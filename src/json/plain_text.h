// JSON as people write it: like Boost.JSON's serialize(), which writes 0.2 as 2E-1, but with numbers in their shortest plain
// form.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace posthorn::json {

std::string to_plain_text(const boost::json::value& value);

}  // namespace posthorn::json
