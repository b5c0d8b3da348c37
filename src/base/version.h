// The version, from CMake's project().
#pragma once

#include <string_view>

namespace posthorn {

inline constexpr std::string_view kVersion = POSTHORN_VERSION;

}  // namespace posthorn
