// Suggestions for words that were mistyped. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace posthorn::cli {

// The one that `word` most likely means: few letters differ, or it is only begun. Empty: none is near.
std::string closest(std::string_view word, const std::vector<std::string>& known);

// Of the environment's names those that begin with POSTHORN_ and that nothing reads.
std::vector<std::string> unknown_variables(const std::vector<std::string>& names, const std::vector<std::string>& known);

}  // namespace posthorn::cli
