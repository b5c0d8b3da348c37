#include "cli/command.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/text.h"

namespace posthorn::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8080";
constexpr std::size_t kKeyBytesMax = 4096;

std::string variable(const Context& context, const char* name) {
  const char* text = context.environment(name);
  return text == nullptr ? std::string() : std::string(text);
}

Result<std::string> find_key(const Context& context, const RemoteOptions& options) {
  if (!options.key_file.empty()) {
    auto text = read_input(options.key_file, "key-file", kKeyBytesMax);
    if (!text) return text.error();
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r' || text->back() == ' ')) text->pop_back();
    if (text->empty()) return invalid("key-file", "The key file is empty.");
    return *text;
  }
  if (!options.key.empty()) {
    context.console.warning("--key can be seen by everybody on this machine; --key-file or POSTHORN_KEY cannot.");
    return options.key;
  }
  const std::string key = variable(context, "POSTHORN_KEY");
  return key.empty() ? variable(context, "POSTHORN_ADMIN_KEY") : key;
}

}  // namespace

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& description, const std::string& examples) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->footer("\nExamples:\n" + examples);
  return command;
}

std::shared_ptr<RemoteOptions> add_remote_options(CLI::App& command) {
  auto options = std::make_shared<RemoteOptions>();
  command.add_option("--url", options->url, "The server (or POSTHORN_URL; default " + std::string(kDefaultUrl) + ")")
      ->type_name("URL")
      ->group("Server");
  command
      .add_option("--key-file", options->key_file,
                  "File with the key; - reads standard input (or POSTHORN_KEY, POSTHORN_ADMIN_KEY)")
      ->type_name("FILE")
      ->group("Server");
  command.add_option("--key", options->key, "The key itself; others on this machine can see it")
      ->type_name("KEY")
      ->group("Server");
  command.add_option("--ca-file", options->ca_file, "PEM file of the authority that signed the server's certificate")
      ->type_name("FILE")
      ->group("Server");
  command.add_option("--tenant", options->tenant, "The tenant (default \"default\")")->type_name("NAME")->group("Server");
  return options;
}

void add_json_option(CLI::App& command, RemoteOptions& options) {
  command.add_flag("--json", options.json, "Print JSON, for scripts")->group("Output");
}

Result<RemoteSettings> remote_settings(const Context& context, const RemoteOptions& options) {
  RemoteSettings settings;
  std::string url = options.url.empty() ? variable(context, "POSTHORN_URL") : options.url;
  if (url.empty()) url = kDefaultUrl;
  const std::string source = options.url.empty() ? "POSTHORN_URL" : "--url";
  auto base = net::parse_url(url, "url");
  if (!base) return invalid("url", source + " (" + url + "): " + base.error().message + ".");
  if (base->target.find('?') != std::string::npos) return invalid("url", source + ": the server's URL must not have a query.");
  settings.base = *base;
  auto key = find_key(context, options);
  if (!key) return key.error();
  if (!net::is_header_value(*key)) return invalid("key", "The key contains characters that a key cannot have.");
  settings.key = *key;
  settings.ca_file = options.ca_file;
  return settings;
}

std::string describe(const Error& error) {
  if (error.field.empty()) return error.message;
  // The server's words about a field are no sentence: "is required".
  const bool goes_on = !error.message.empty() && error.message.front() >= 'a' && error.message.front() <= 'z';
  return goes_on ? error.field + ": " + error.message : error.message + " (" + error.field + ")";
}

ExitCode fail(Context& context, const Error& error) {
  context.console.error(describe(error));
  const auto code = exit_code_of(error);
  if (error.kind == ErrorKind::unauthenticated) {
    context.console.err() << "Give the key with --key-file FILE, or in POSTHORN_KEY or POSTHORN_ADMIN_KEY.\n";
  } else if (code == ExitCode::unavailable) {
    context.console.err() << "Start a server with: posthorn serve    or name another one with --url or POSTHORN_URL.\n";
  }
  return code;
}

ExitCode fail_usage(Context& context, const Error& error) {
  context.console.error(error.message);
  return ExitCode::usage;
}

ExitCode fail_here(Context& context, const Error& error) {
  context.console.error(error.message);
  return error.kind == ErrorKind::internal ? ExitCode::failed : ExitCode::usage;
}

std::string tenant_path(const RemoteOptions& options, std::string_view rest) {
  return "/api/v1/tenants/" + path_segment(options.tenant) + std::string(rest);
}

std::shared_ptr<ServerOptions> add_server_options(CLI::App& command, const std::vector<std::string>& only) {
  auto given = std::make_shared<ServerOptions>();
  command.add_option("--config", given->config_file, "TOML file with options (or POSTHORN_CONFIG)")->type_name("FILE");
  for (const auto& option : app::options()) {
    if (option.source == app::Option::Source::environment_only) continue;
    const std::string name(option.name);
    if (!only.empty() && std::find(only.begin(), only.end(), name) == only.end()) continue;
    std::string help(option.help);
    if (!option.default_text.empty()) help += " Default " + std::string(option.default_text) + ".";
    auto* added = command.add_option_function<std::vector<std::string>>(
        "--" + name,
        [given, name](const std::vector<std::string>& values) {
          for (const auto& value : values) given->flags.emplace_back(name, value);
        },
        help);
    added->type_name(std::string(option.value_name))->expected(1)->take_all()->allow_extra_args(false);
  }
  return given;
}

Result<app::LoadedConfig> load(const Context& context, const ServerOptions& options) {
  const std::string file = options.config_file.empty() ? variable(context, "POSTHORN_CONFIG") : options.config_file;
  return app::load_config(file, options.flags, context.environment);
}

Result<std::string> read_input(const std::string& file, std::string field, std::size_t bytes_max) {
  std::ifstream opened;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    if (!opened) return invalid(std::move(field), "Cannot read " + file + ".");
  }
  std::istream& stream = file == "-" ? std::cin : opened;
  std::string text;
  for (std::string block(64 * 1024, '\0');
       stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0;) {
    text.append(block, 0, static_cast<std::size_t>(stream.gcount()));
    if (text.size() > bytes_max) return invalid(std::move(field), file + " is larger than " + bytes_text(bytes_max) + ".");
  }
  if (stream.bad()) return invalid(std::move(field), "Cannot read " + file + ".");
  return text;
}

}  // namespace posthorn::cli
