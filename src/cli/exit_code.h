// ExitCode: what every command ends with. One table: help, docs/cli.md and the code use it.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace posthorn::cli {

enum class ExitCode : int {
  ok = 0,
  failed = 1,
  usage = 2,
  not_found = 3,
  unavailable = 4,
  refused = 5,
  rejected = 6,
  interrupted = 7,
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view word;
  std::string_view meaning;
};

std::span<const ExitCodeMeaning> exit_codes();

// What a failed call ends a command with.
ExitCode exit_code_of(const Error& error);

}  // namespace posthorn::cli
