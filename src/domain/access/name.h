// The names that callers choose for tenants and scopes. They stand in URLs, logs and metrics, so they are plain:
// one to kNameBytesMax of [A-Za-z0-9._:-], the first a letter or a digit.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::domain {

// Errors: invalid_argument naming `field`.
Status check_name(std::string_view name, std::string field);

}  // namespace posthorn::domain
