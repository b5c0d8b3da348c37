// What the commands below "posthorn subscriptions" share.
#pragma once

#include <string>

#include "cli/command.h"

namespace posthorn::cli {

inline std::string subscription_path(const RemoteOptions& options, const std::string& id) {
  return tenant_path(options, "/subscriptions/" + path_segment(id));
}

// A secret from a file ("-": standard input), without the line's end. Errors: invalid_argument naming secret-file.
Result<std::string> read_secret_file(const std::string& file);

void add_rotate_secret(CLI::App& subscriptions, Context& context);

}  // namespace posthorn::cli
