// What the commands share: the context they run in, and helpers that keep their help alike.
//
// A command's add_… function describes it to CLI11 and sets Context::action from its callback; run() calls the action after
// parsing is over. Values that options write to live in shared structs that the callback owns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.h"
#include "cli/exit_code.h"
#include "cli/remote_api.h"

namespace CLI {
class App;
}

namespace posthorn::cli {

struct Context {
  const Hooks& hooks;
  Console& console;
  const Environment& environment;
  std::function<ExitCode()> action;
};

// Options of every command that calls a server.
struct RemoteOptions {
  std::string url;
  std::string key_file;
  std::string key;
  std::string ca_file;
  std::string tenant = "default";
  bool json = false;
};

// `examples`: lines of "command   # what it does", shown below the help.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& description, const std::string& examples);
std::shared_ptr<RemoteOptions> add_remote_options(CLI::App& command);
void add_json_option(CLI::App& command, RemoteOptions& options);

// Reads URL and key: --url, POSTHORN_URL, http://127.0.0.1:8080; --key-file, --key, POSTHORN_KEY, POSTHORN_ADMIN_KEY.
// Errors: invalid_argument naming the option.
Result<RemoteSettings> remote_settings(const Context& context, const RemoteOptions& options);

// The error's message with the field it is about.
std::string describe(const Error& error);

// Prints the error and answers its exit code. For refused calls it adds how a key is given.
ExitCode fail(Context& context, const Error& error);
ExitCode fail_usage(Context& context, const Error& error);
// For what this machine refused before a server was asked: `usage` when what was named cannot be used, else `failed`.
ExitCode fail_here(Context& context, const Error& error);

// "/api/v1/tenants/<tenant>" + rest.
std::string tenant_path(const RemoteOptions& options, std::string_view rest);

// The options of app::options() that may stand on a command line, and --config.
struct ServerOptions {
  std::string config_file;
  std::vector<std::pair<std::string, std::string>> flags;
};
std::shared_ptr<ServerOptions> add_server_options(CLI::App& command, const std::vector<std::string>& only = {});
Result<app::LoadedConfig> load(const Context& context, const ServerOptions& options);

// Reads a whole file; "-" is standard input. Errors: invalid_argument naming `field`.
Result<std::string> read_input(const std::string& file, std::string field, std::size_t bytes_max = 64 * 1024 * 1024);

// --- the commands, a file each ---
void add_serve_command(CLI::App& root, Context& context);
void add_data_folder_commands(CLI::App& root, Context& context);  // backup, restore, rotate-key
void add_doctor_command(CLI::App& root, Context& context);
void add_catalogue_commands(CLI::App& root, Context& context);  // tenants, topics
void add_subscription_commands(CLI::App& root, Context& context);
void add_transform_commands(CLI::App& root, Context& context);
void add_automation_commands(CLI::App& root, Context& context);
void add_delivery_commands(CLI::App& root, Context& context);  // events, deliveries
void add_access_commands(CLI::App& root, Context& context);    // clients, keys, grants, issuers, audit
void add_recovery_commands(CLI::App& root, Context& context);  // jobs, poll, stats; more of tenants, subscriptions and so on
void add_send_command(CLI::App& root, Context& context);
void add_listen_command(CLI::App& root, Context& context);
void add_watch_command(CLI::App& root, Context& context);
void add_demo_command(CLI::App& root, Context& context);
void add_verify_command(CLI::App& root, Context& context);
void add_completion_command(CLI::App& root, Context& context);

}  // namespace posthorn::cli
