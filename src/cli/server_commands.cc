// serve, backup, restore, rotate-key, compact: the commands that work on a data folder of this machine, through app's hooks.
#include <CLI/App.hpp>

#include "cli/command.h"

namespace posthorn::cli {
namespace {

// A command that needs the data folder and one file.
void add_file_command(CLI::App& root, Context& context, const char* name, const char* description, const char* file_help,
                      const char* examples, const char* done_text,
                      std::function<Status(const app::Config&, const std::string&)> Hooks::* hook) {
  auto* command = add_command(root, name, description, examples);
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, file_help)->required()->type_name("FILE");
  auto options = add_server_options(*command, {"data"});
  command->callback([&context, options, file, hook, done_text] {
    context.action = [&context, options, file, hook, done_text] {
      auto loaded = load(context, *options);
      if (!loaded) return fail_usage(context, loaded.error());
      if (auto status = (context.hooks.*hook)(loaded->config, *file); !status) return fail_here(context, status.error());
      context.console.out() << done_text << *file << "\n";
      return ExitCode::ok;
    };
  });
}

// A command on the data folder that answers what it did.
void add_folder_command(CLI::App& root, Context& context, const std::string& name, const std::string& description,
                        Result<std::string> (*run)(const Hooks&, const app::Config&)) {
  auto* command = add_command(root, name, description, "  posthorn " + name + " --data /var/lib/posthorn\n");
  auto options = add_server_options(*command, {"data"});
  command->callback([&context, options, run] {
    context.action = [&context, options, run] {
      auto loaded = load(context, *options);
      if (!loaded) return fail_usage(context, loaded.error());
      const auto done = run(context.hooks, loaded->config);
      if (!done) return fail_here(context, done.error());
      context.console.out() << *done << "\n";
      return ExitCode::ok;
    };
  });
}

}  // namespace

void add_serve_command(CLI::App& root, Context& context) {
  auto* command =
      add_command(root, "serve", "Run the server",
                  "  posthorn serve\n"
                  "  posthorn serve --data /var/lib/posthorn --listen 0.0.0.0:8080\n"
                  "  posthorn serve --config /etc/posthorn/posthorn.toml\n"
                  "  posthorn serve --allow-peer 127.0.0.0/8   # may deliver to this machine: for trying things out\n");
  auto options = add_server_options(*command);
  command->callback([&context, options] {
    context.action = [&context, options] {
      auto loaded = load(context, *options);
      if (!loaded) return fail_usage(context, loaded.error());
      // The server's own code: it is a process's exit code already.
      return static_cast<ExitCode>(context.hooks.serve(*loaded));
    };
  });
}

void add_data_folder_commands(CLI::App& root, Context& context) {
  add_file_command(root, context, "backup", "Write a consistent copy of everything stored, also while the server runs",
                   "The copy; must not exist yet",
                   "  posthorn backup --data /var/lib/posthorn /backup/posthorn-monday.db\n"
                   "The master key is not in the copy: keep DIR/master.key (or POSTHORN_MASTER_KEY) somewhere else, safely.\n",
                   "Backed up to ", &Hooks::backup);
  add_file_command(root, context, "restore", "Make a data folder from a backup", "The backup",
                   "  posthorn restore --data /var/lib/posthorn /backup/posthorn-monday.db\n"
                   "The data folder must not hold a store yet. Put the master key back too (DIR/master.key, mode 0600).\n",
                   "Restored from ", &Hooks::restore);
  add_folder_command(root, context, "rotate-key", "Seal all stored secrets under a new master key (stop the server first)",
                     [](const Hooks& hooks, const app::Config& config) { return hooks.rotate_key(config); });
  add_folder_command(root, context, "compact", "Write the store's file anew without what was deleted (stop the server first)",
                     [](const Hooks& hooks, const app::Config& config) { return hooks.compact(config); });
}

}  // namespace posthorn::cli
