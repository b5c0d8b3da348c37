// The command line: parses, runs one command, answers its exit code.
//
// Place: main.cc calls run() with hooks into app; the two folders stand side by side. cli uses app/config.h and app/doctor.h
// (the
//   options and the checks) and nothing else of app. Every command but serve, backup, restore, rotate-key, compact and doctor
//   is a client of a running server.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "cli/console.h"

namespace posthorn::cli {

// What app does for the command line.
struct Hooks {
  std::string version;  // "0.1.0"
  // Runs the server until it is told to stop; answers the process's exit code.
  std::function<int(const app::LoadedConfig&)> serve;
  // Writes a consistent copy of the data folder's store to a new file; a running server goes on.
  std::function<Status(const app::Config&, const std::string& file)> backup;
  // Makes the data folder's store from such a file. Errors: conflict when there is one already or when a server holds it.
  std::function<Status(const app::Config&, const std::string& file)> restore;
  // Seals every stored secret under a new master key, which replaces the file's. Answers what was done, for people. No server
  // may run.
  std::function<Result<std::string>(const app::Config&)> rotate_key;
  std::function<Result<std::string>(const app::Config&)> compact;
};

using Environment = std::function<const char*(const char*)>;

// The process's exit code (exit_code.h).
int run(int argc, const char* const* argv, const Hooks& hooks);

// The same on a given console, for tests. `arguments`: without the program's name.
int run(const std::vector<std::string>& arguments, const Hooks& hooks, Console& console, const Environment& environment);

// After the command: an output that nobody could take (a full disk) is a failure. Answers the exit code.
int finish_output(int code, Console& console);

}  // namespace posthorn::cli
