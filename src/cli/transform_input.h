// A script on the command line: a file, and its language by its name unless it is said.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "base/result.h"

namespace posthorn::cli {

// {"language","code"} of a file. `language`: empty: "jq" for *.jq, "javascript" for *.js and *.mjs. Errors: invalid_argument
// naming the option.
Result<boost::json::object> read_script(const std::string& file, const std::string& language, const std::string& option);

}  // namespace posthorn::cli
