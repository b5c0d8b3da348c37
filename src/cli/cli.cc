#include "cli/cli.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <iostream>

#include "cli/command.h"
#include "cli/suggestion.h"
#include "domain/outbound/format.h"

namespace posthorn::cli {
namespace {

constexpr const char* kExamples =
    "\nStart here:\n"
    "  posthorn demo                              see it work on this machine's own files, in a minute\n"
    "  posthorn serve --allow-peer 127.0.0.0/8    run a server that may deliver to this machine\n"
    "  posthorn listen --subscribe 'document.*'   see deliveries arrive\n"
    "  posthorn topics put document.created       make a topic\n"
    "  posthorn send document.created '{\"id\":1}'  publish an event\n"
    "  posthorn watch ~/Documents                 publish an event for every file that changes\n"
    "  posthorn deliveries list                   what was delivered, what was not\n"
    "  posthorn doctor                            check the configuration and this machine\n"
    "\nEach command explains itself: posthorn COMMAND --help\n";

std::string exit_code_text() {
  std::string text = "\nExit codes:\n";
  for (const auto& [code, word, meaning] : exit_codes()) {
    text += "  " + std::to_string(static_cast<int>(code)) + "  " + std::string(word) + std::string(13 - word.size(), ' ') +
            std::string(meaning) + "\n";
  }
  return text;
}

void add_version_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "version", "Print the version", "  posthorn version\n");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON, for scripts");
  command->callback([&context, json] {
    context.action = [&context, json] {
      const std::string& version = context.hooks.version;
      context.console.out() << (*json ? "{\"version\":" + domain::json_quoted(version) + "}" : "posthorn " + version) << "\n";
      return ExitCode::ok;
    };
  });
}

void describe(CLI::App& root, Context& context);

void add_help_command(CLI::App& root, Context& context) {
  auto* command = add_command(root, "help", "Explain a command", "  posthorn help\n  posthorn help send\n");
  auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("command", *names, "The command")->type_name("COMMAND");
  command->callback([&context, names] {
    context.action = [&context, names] {
      // A tree of its own: once a command has been parsed, CLI11 helps with that command only.
      CLI::App fresh;
      Context unused{context.hooks, context.console, context.environment, {}};
      describe(fresh, unused);
      const CLI::App* found = &fresh;
      std::string path;
      for (const auto& name : *names) {
        const auto next = found->get_subcommands([&name](const CLI::App* child) { return child->get_name() == name; });
        if (next.empty()) {
          context.console.error("There is no command \"" + name + "\". posthorn help lists them.");
          return ExitCode::usage;
        }
        path += (path.empty() ? "" : " ") + found->get_name();
        found = next.front();
      }
      context.console.out() << found->help(path);
      return ExitCode::ok;
    };
  });
}

void describe(CLI::App& root, Context& context) {
  root.name("posthorn");
  root.description("Posthorn sends webhooks: publish an event once, and every subscriber gets it, signed, with retries.");
  root.footer(kExamples + exit_code_text());
  root.set_version_flag("--version", "posthorn " + context.hooks.version);
  root.require_subcommand(0, 1);
  root.get_formatter()->column_width(34);
  add_serve_command(root, context);
  add_demo_command(root, context);
  add_watch_command(root, context);
  add_send_command(root, context);
  add_listen_command(root, context);
  add_catalogue_commands(root, context);
  add_subscription_commands(root, context);
  add_transform_commands(root, context);
  add_automation_commands(root, context);
  add_delivery_commands(root, context);
  add_recovery_commands(root, context);
  add_access_commands(root, context);
  add_verify_command(root, context);
  add_data_folder_commands(root, context);
  add_doctor_command(root, context);
  add_version_command(root, context);
  add_completion_command(root, context);
  add_help_command(root, context);
}

// A word where a command belongs is the mistake, not what follows it.
std::string complaint(const CLI::App& asked, const CLI::ParseError& outcome, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* child : asked.get_subcommands([](const CLI::App*) { return true; })) names.push_back(child->get_name());
  std::size_t depth = 0;
  for (const CLI::App* parent = asked.get_parent(); parent != nullptr; parent = parent->get_parent()) ++depth;
  if (names.empty() || depth >= arguments.size() || arguments[depth].starts_with('-')) return outcome.what();
  const std::string near = closest(arguments[depth], names);
  return "There is no command \"" + arguments[depth] + "\"." + (near.empty() ? "" : " Did you mean \"" + near + "\"?");
}

// CLI11's help and version come as exceptions.
int finish_parse(const CLI::App& root, const CLI::ParseError& outcome, const std::vector<std::string>& arguments,
                 Console& console) {
  if (outcome.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    root.exit(outcome, console.out(), console.err());
    return static_cast<int>(ExitCode::ok);
  }
  const CLI::App* asked = &root;
  while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
  console.error(complaint(*asked, outcome, arguments));
  std::string path = asked->get_name();
  for (const CLI::App* parent = asked->get_parent(); parent != nullptr; parent = parent->get_parent()) {
    path = parent->get_name() + " " + path;
  }
  console.err() << "Try: " << path << " --help\n";
  return static_cast<int>(ExitCode::usage);
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Hooks& hooks, Console& console, const Environment& environment) {
  Context context{hooks, console, environment, {}};
  {
    CLI::App root;
    describe(root, context);
    try {
      root.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& outcome) {
      return finish_parse(root, outcome, arguments, console);
    }
    if (!context.action) {
      console.out() << root.help();
      return static_cast<int>(ExitCode::ok);
    }
  }
  // The tree of commands is gone: a server does not carry it along.
  return static_cast<int>(context.action());
}

int finish_output(int code, Console& console) {
  console.out().flush();
  if (console.out().good()) return code;
  console.error("The output could not be written whole.");
  return code == static_cast<int>(ExitCode::ok) ? static_cast<int>(ExitCode::failed) : code;
}

int run(int argc, const char* const* argv, const Hooks& hooks) {
  const Environment environment = [](const char* name) -> const char* { return std::getenv(name); };
  Console console(std::cout, std::cerr, detect_style(environment));
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  return finish_output(run(arguments, hooks, console, environment), console);
}

}  // namespace posthorn::cli
