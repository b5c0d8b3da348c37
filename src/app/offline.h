// What is done to a data folder from the command line: copies and keys.
#pragma once

#include <string>

#include "app/config.h"
#include "base/result.h"

namespace posthorn::app {

// Writes a consistent copy of the folder's store to `file` (which must not exist); a server may be running on it.
Status backup(const Config& config, const std::string& file);

// Makes the folder's store from a copy. Errors: conflict when it has one already or a server holds it.
Status restore(const Config& config, const std::string& file);

// Writes the store's file anew without anything that was deleted. Answers what was done, for people. No server may run.
Result<std::string> compact(const Config& config);

// Seals every secret under a new master key and drops the old ones. Answers what was done, for people. No server may run.
Result<std::string> rotate_key(const Config& config);

}  // namespace posthorn::app
