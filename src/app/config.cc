#include "app/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/text.h"
#include "net/url.h"

namespace posthorn::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::size_t kLoopsMax = 64;
constexpr auto kRetentionMax = hours(24 * 3650);
constexpr auto kShutdownGraceMax = std::chrono::minutes(10);

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

// "1048576", "512KiB", "1MiB".
std::optional<std::size_t> parse_bytes(std::string_view text) {
  std::size_t factor = 1;
  for (const auto& [suffix, bytes] : {std::pair<std::string_view, std::size_t>{"KiB", 1024}, {"MiB", 1024 * 1024}}) {
    if (text.size() > suffix.size() && text.ends_with(suffix)) {
      factor = bytes;
      text.remove_suffix(suffix.size());
    }
  }
  const auto number = parse_number<std::uint32_t>(text);
  if (!number) return std::nullopt;
  return *number * factor;
}

Status set_listen(Config& config, std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return invalid("listen", "must be HOST:PORT, for example 127.0.0.1:8080");
  std::string_view host = text.substr(0, colon);
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port) return invalid("listen", "the port must be a number from 0 to 65535");
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return invalid("listen", "an IPv6 address stands in brackets, for example [::1]:8080");
  }
  if (host.empty() || host.find_first_of(" \t/") != std::string_view::npos) {
    return invalid("listen", "must be HOST:PORT, for example 127.0.0.1:8080");
  }
  config.listen_host = host;
  config.listen_port = *port;
  return {};
}

std::string show_listen(const Config& config) {
  const bool is_v6 = config.listen_host.find(':') != std::string::npos;
  return (is_v6 ? "[" + config.listen_host + "]" : config.listen_host) + ":" + std::to_string(config.listen_port);
}

Status set_proxy(Config& config, std::string_view text) {
  if (text.empty()) {
    config.proxy.clear();
    return {};
  }
  const auto url = net::parse_url(text, "proxy");
  if (!url) return url.error();
  if (url->scheme != net::Url::Scheme::http || url->target != "/") return invalid("proxy", "must be http://HOST:PORT");
  config.proxy = text;
  return {};
}

Status set_proxy_names(Config& config, std::string_view text) {
  if (text != "resolve" && text != "send") return invalid("proxy-names", "must be resolve or send");
  config.proxy_names = text == "send" ? net::ProxyNames::left_to_proxy : net::ProxyNames::resolved_here;
  return {};
}

std::string show_proxy_names(const Config& config) {
  return config.proxy_names == net::ProxyNames::left_to_proxy ? "send" : "resolve";
}

Status set_handshake_origin(Config& config, std::string_view text) {
  if (!net::is_host_name(text)) return invalid("handshake-origin", "must be a host name, as hooks.example.com");
  config.handshake_origin = text;
  return {};
}

Status set_public_url(Config& config, std::string_view text) {
  if (text.empty()) {
    config.public_url.clear();
    return {};
  }
  const auto url = net::parse_url(text, "public-url");
  if (!url) return url.error();
  if (url->target != "/") return invalid("public-url", "must be https://HOST or http://HOST, without a path");
  config.public_url = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  return {};
}

Status add_allowed_peer(Config& config, std::string_view text) {
  auto network = net::Network::parse(text, "allow-peer");
  if (!network) return network.error();
  config.allowed_peers.push_back(*network);
  return {};
}

std::string show_allowed_peers(const Config& config) {
  std::string text;
  for (const auto& network : config.allowed_peers) {
    if (!text.empty()) text += ", ";
    text += network.address.text() + "/" + std::to_string(network.prefix);
  }
  return text;
}

Status set_master_key(Config& config, std::string_view text) {
  const auto bytes = base64_decode(text);
  if (!bytes || bytes->size() != 32) return invalid("master-key", "must be the base64 of 32 bytes");
  config.master_key = text;
  return {};
}

Status set_admin_key(Config& config, std::string_view text) {
  if (text.size() < kSecretBytesMin) return invalid("admin-key", "must have at least 16 characters");
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    return invalid("admin-key", "must be visible ASCII without spaces");
  }
  config.admin_key = text;
  return {};
}

Status set_event_bytes(Config& config, std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes < 1024 || *bytes > kEventBodyBytesCeiling) {
    return invalid("max-event-bytes", "must be from 1024 bytes to 16MiB, for example 1MiB");
  }
  config.event_body_bytes_max = *bytes;
  return {};
}

Status set_script_memory(Config& config, std::string_view text) {
  const auto bytes = parse_bytes(text);
  if (!bytes || *bytes < kScriptHelperMemoryMin || *bytes > kScriptHelperMemoryMax) {
    return invalid("script-memory", "must be from 32MiB to 2048MiB, for example 128MiB");
  }
  config.script_memory = *bytes;
  return {};
}

std::string bytes_text(std::size_t bytes) {
  if (bytes % (1024 * 1024) == 0) return std::to_string(bytes / (1024 * 1024)) + "MiB";
  return bytes % 1024 == 0 ? std::to_string(bytes / 1024) + "KiB" : std::to_string(bytes);
}

Status set_log_level(Config& config, std::string_view text) {
  using observe::Level;
  for (const auto& [name, level] : {std::pair<std::string_view, Level>{"debug", Level::debug},
                                    {"info", Level::info},
                                    {"warning", Level::warning},
                                    {"error", Level::error}}) {
    if (text == name) {
      config.log.level = level;
      return {};
    }
  }
  return invalid("log-level", "must be debug, info, warning or error");
}

std::string show_log_level(const Config& config) {
  switch (config.log.level) {
    case observe::Level::debug:
      return "debug";
    case observe::Level::info:
      return "info";
    case observe::Level::warning:
      return "warning";
    case observe::Level::error:
      return "error";
  }
  return {};
}

Status set_log_format(Config& config, std::string_view text) {
  using observe::LogStyle;
  for (const auto& [name, style] : {std::pair<std::string_view, LogStyle>{"automatic", LogStyle::automatic},
                                    {"text", LogStyle::text},
                                    {"json", LogStyle::json}}) {
    if (text == name) {
      config.log.style = style;
      return {};
    }
  }
  return invalid("log-format", "must be automatic, text or json");
}

std::string show_log_format(const Config& config) {
  switch (config.log.style) {
    case observe::LogStyle::automatic:
      return "automatic";
    case observe::LogStyle::text:
      return "text";
    case observe::LogStyle::json:
      return "json";
  }
  return {};
}

// --- the kinds of option that occur more than once --------------------------------------------------------------------

using Source = Option::Source;

Option text_option(std::string_view name, std::string_view value_name, std::string_view help, std::string Config::* member) {
  return {name,
          value_name,
          help,
          "",
          Source::everywhere,
          false,
          [name, member](Config& config, std::string_view text) -> Status {
            if (text.find('\0') != std::string_view::npos)
              return invalid(std::string(name), "must not contain a NUL character");
            config.*member = text;
            return {};
          },
          [member](const Config& config) { return config.*member; }};
}

Option loops_option(std::string_view name, std::string_view help, std::uint32_t Config::* member) {
  return {name,
          "N",
          help,
          "1",
          Source::everywhere,
          false,
          [name, member](Config& config, std::string_view text) -> Status {
            const auto number = parse_number<std::uint32_t>(text);
            if (!number || *number < 1 || *number > kLoopsMax) {
              return invalid(std::string(name), "must be a number from 1 to " + std::to_string(kLoopsMax));
            }
            config.*member = *number;
            return {};
          },
          [member](const Config& config) { return std::to_string(config.*member); }};
}

Option retention_option(std::string_view name, std::string_view default_text, std::string_view help, hours Config::* member) {
  return {name,
          "TIME",
          help,
          default_text,
          Source::everywhere,
          false,
          [name, member](Config& config, std::string_view text) -> Status {
            const auto period = parse_duration(text);
            if (!period || *period < hours(1) || *period > kRetentionMax || *period % hours(1) != milliseconds(0)) {
              return invalid(std::string(name), "must be whole hours or days from 1h to 3650d, for example 30d");
            }
            config.*member = std::chrono::duration_cast<hours>(*period);
            return {};
          },
          [member](const Config& config) { return duration_text(config.*member); }};
}

std::string configured_or_not(const std::string& secret) { return secret.empty() ? "not configured" : "configured"; }

void add_address_options(std::vector<Option>& table) {
  table.push_back(text_option("data", "DIR", "Folder that holds everything the server keeps.", &Config::data_dir));
  table.back().default_text = "posthorn-data";
  table.push_back({"listen", "HOST:PORT", "Address that the server answers on; port 0 takes any free one.", "127.0.0.1:8080",
                   Source::everywhere, false, set_listen, show_listen});
  table.push_back(text_option("tls-certificate", "FILE", "PEM certificate chain; with it the server speaks HTTPS only.",
                              &Config::tls_certificate_file));
  table.push_back(text_option("tls-key", "FILE", "PEM private key of the certificate.", &Config::tls_key_file));
  table.push_back(text_option("ca-file", "FILE",
                              "PEM file with the authorities that endpoints' certificates are checked against, instead of the "
                              "system's.",
                              &Config::ca_file));
  table.push_back({"proxy", "URL", "Proxy for all deliveries (HTTP CONNECT), as http://HOST:PORT.", "", Source::everywhere,
                   false, set_proxy, [](const Config& config) { return config.proxy; }});
  table.push_back(
      {"proxy-names", "HOW",
       "resolve: names are resolved and checked here, and the proxy gets addresses; send: the proxy gets the names, "
       "and must refuse inner addresses itself.",
       "resolve", Source::everywhere, false, set_proxy_names, show_proxy_names});
  table.push_back({"handshake-origin", "NAME",
                   "Host name under which endpoints are asked for their consent (CloudEvents handshake).", "posthorn",
                   Source::everywhere, false, set_handshake_origin,
                   [](const Config& config) { return config.handshake_origin; }});
  table.push_back({"public-url", "URL",
                   "Address under which callers see the server, as https://hooks.example.com; it is the issuer of its tokens.",
                   "", Source::everywhere, false, set_public_url, [](const Config& config) { return config.public_url; }});
  table.push_back({"allow-peer", "CIDR", "Network that deliveries may reach although it is not public, for example 10.0.0.0/8.",
                   "", Source::everywhere, true, add_allowed_peer, show_allowed_peers});
}

void add_work_options(std::vector<Option>& table) {
  table.push_back({"admin-key", "KEY", "Key of the administrator; without it the first run makes one and prints it once.", "",
                   Source::environment_only, false, set_admin_key,
                   [](const Config& config) { return configured_or_not(config.admin_key); }});
  table.push_back({"master-key", "BASE64",
                   "Key that seals stored secrets (base64 of 32 bytes); without it a file in the data folder holds it.", "",
                   Source::environment_only, false, set_master_key,
                   [](const Config& config) { return configured_or_not(config.master_key); }});
  table.push_back({"max-event-bytes", "BYTES", "Largest event that is accepted, up to 16MiB.", "1MiB", Source::everywhere,
                   false, set_event_bytes, [](const Config& config) { return bytes_text(config.event_body_bytes_max); }});
  table.push_back(loops_option("in-loops", "Threads that accept requests.", &Config::in_loops));
  table.push_back(loops_option("out-loops", "Threads that deliver.", &Config::out_loops));
  table.push_back(loops_option("script-helpers", "Processes that run subscriptions' scripts; started when they are needed.",
                               &Config::script_helpers));
  table.back().default_text = "2";
  table.push_back({"script-memory", "BYTES", "Memory that scripts may use in each of these processes, up to 2048MiB.", "128MiB",
                   Source::everywhere, false, set_script_memory,
                   [](const Config& config) { return bytes_text(config.script_memory); }});
  table.push_back({"shutdown-grace", "TIME", "How long a stop waits for what is under way.", "20s", Source::everywhere, false,
                   [](Config& config, std::string_view text) -> Status {
                     const auto time = parse_duration(text);
                     if (!time || *time > kShutdownGraceMax) {
                       return invalid("shutdown-grace", "must be a time up to 10m, for example 20s");
                     }
                     config.shutdown_grace = *time;
                     return {};
                   },
                   [](const Config& config) { return duration_text(config.shutdown_grace); }});
  table.push_back({"disable-after", "TIME",
                   "Disable a subscription after so long of nothing but failures, unless it says otherwise; 0s: never.", "5d",
                   Source::everywhere, false,
                   [](Config& config, std::string_view text) -> Status {
                     const auto time = parse_duration(text);
                     if (!time || *time > kRetentionMax) {
                       return invalid("disable-after", "must be a time up to 3650d, for example 5d");
                     }
                     config.disable_after = *time;
                     return {};
                   },
                   [](const Config& config) { return duration_text(config.disable_after); }});
}

std::vector<Option> make_options() {
  std::vector<Option> table;
  add_address_options(table);
  add_work_options(table);
  table.push_back(retention_option("payload-retention", "30d", "How long the payloads of finished events are kept.",
                                   &Config::payload_retention));
  table.push_back(retention_option("attempt-retention", "90d", "How long attempts are kept.", &Config::attempt_retention));
  table.push_back(retention_option("delivery-retention", "90d", "How long finished deliveries and their events are kept.",
                                   &Config::delivery_retention));
  table.push_back(retention_option("idempotency-retention", "1d", "How long an idempotency key is remembered.",
                                   &Config::idempotency_retention));
  table.push_back(retention_option("statistics-retention", "400d", "How long the counters of statistics are kept.",
                                   &Config::statistics_retention));
  table.push_back({"log-level", "LEVEL", "Least level that is logged: debug, info, warning or error.", "info",
                   Source::everywhere, false, set_log_level, show_log_level});
  table.push_back({"log-format", "FORMAT", "text, json, or automatic: text on a terminal and JSON lines otherwise.",
                   "automatic", Source::everywhere, false, set_log_format, show_log_format});
  return table;
}

// --- loading ----------------------------------------------------------------------------------------------------------

struct Given {
  std::string where;
  std::vector<std::string> values;
};
using GivenValues = std::map<std::string, Given, std::less<>>;

const Option* find_option(std::string_view name) {
  const auto& table = options();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Option& option) { return option.name == name; });
  return found == table.end() ? nullptr : &*found;
}

Error about(const Option& option, const std::string& where, std::string message) {
  return invalid(std::string(option.name), std::string(option.name) + " (" + where + "): " + message);
}

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

Result<std::vector<std::string>> values_of(const Option& option, const toml::node& node, const std::string& where) {
  std::vector<std::string> values;
  if (const auto* list = node.as_array(); list != nullptr && option.repeatable) {
    for (const auto& element : *list) {
      auto text = scalar_text(element);
      if (!text) return about(option, where, "its elements must be text");
      values.push_back(std::move(*text));
    }
    return values;
  }
  auto text = scalar_text(node);
  if (!text)
    return about(option, where, option.repeatable ? "must be text or a list of texts" : "must be text or a whole number");
  values.push_back(std::move(*text));
  return values;
}

Status read_file(const std::string& file, GivenValues& given) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return invalid("config", "The configuration file " + file + " does not exist or is not a regular file.");
  }
  const auto parsed = toml::parse_file(file);
  if (!parsed) {
    const auto& problem = parsed.error();
    return invalid("config", file + ", line " + std::to_string(problem.source().begin.line) + ", column " +
                                 std::to_string(problem.source().begin.column) + ": " + std::string(problem.description()));
  }
  for (const auto& [key, node] : parsed.table()) {
    const std::string where = "file " + file + ", line " + std::to_string(node.source().begin.line);
    const Option* option = find_option(key.str());
    if (option == nullptr)
      return invalid(std::string(key.str()), "Unknown option \"" + std::string(key.str()) + "\" in " + where + ".");
    if (option->source == Source::environment_only) {
      return about(*option, where, "is a secret and is read from the variable " + variable_name(option->name) + " only");
    }
    auto values = values_of(*option, node, where);
    if (!values) return values.error();
    given[std::string(option->name)] = {"file " + file, std::move(*values)};
  }
  return {};
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const auto comma = text.find(',');
    const auto part = trim(text.substr(0, comma));
    if (!part.empty()) parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

// An empty variable counts as not set, as service managers often pass it on.
void read_environment(const std::function<const char*(const char*)>& environment, GivenValues& given) {
  for (const auto& option : options()) {
    const std::string variable = variable_name(option.name);
    const char* text = environment(variable.c_str());
    if (text == nullptr || *text == '\0') continue;
    given[std::string(option.name)] = {"environment " + variable,
                                       option.repeatable ? split_at_commas(text) : std::vector<std::string>{std::string(text)}};
  }
}

Status read_flags(const std::vector<std::pair<std::string, std::string>>& flags, GivenValues& given) {
  GivenValues from_flags;
  for (const auto& [name, text] : flags) {
    const Option* option = find_option(name);
    if (option == nullptr) return invalid(name, "Unknown option --" + name + ".");
    const std::string where = "flag --" + name;
    if (option->source == Source::environment_only) {
      return about(*option, where, "is a secret and is read from the variable " + variable_name(name) + " only");
    }
    auto& values = from_flags[name];
    values.where = where;
    if (!option->repeatable) values.values.clear();
    values.values.push_back(text);
  }
  for (auto& [name, values] : from_flags) given[name] = std::move(values);
  return {};
}

Status check_whole(const Config& config) {
  if (config.data_dir.empty()) return invalid("data", "data: must not be empty.");
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    const bool has_key = config.tls_certificate_file.empty();
    return invalid(
        has_key ? "tls-certificate" : "tls-key",
        "tls-certificate and tls-key go together: " + std::string(has_key ? "tls-certificate" : "tls-key") + " is missing.");
  }
  return {};
}

}  // namespace

const std::vector<Option>& options() {
  static const std::vector<Option> table = make_options();
  return table;
}

std::string variable_name(std::string_view option) {
  std::string name = "POSTHORN_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits > 9) return std::nullopt;
  const auto number = parse_number<std::int64_t>(text.substr(0, digits));
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == text.substr(digits); });
  if (!number || unit == kUnits.end()) return std::nullopt;
  return milliseconds(*number * unit->milliseconds);
}

std::string duration_text(milliseconds duration) {
  if (duration == milliseconds(0)) return "0s";
  for (const auto& unit : kUnits) {
    if (duration.count() % unit.milliseconds == 0) {
      return std::to_string(duration.count() / unit.milliseconds) + std::string(unit.name);
    }
  }
  return std::to_string(duration.count()) + "ms";
}

Result<LoadedConfig> load_config(const std::string& file, const std::vector<std::pair<std::string, std::string>>& flags,
                                 const std::function<const char*(const char*)>& environment) {
  GivenValues given;
  if (!file.empty()) {
    if (auto status = read_file(file, given); !status) return status.error();
  }
  read_environment(environment, given);
  if (auto status = read_flags(flags, given); !status) return status.error();

  LoadedConfig loaded;
  for (const auto& option : options()) {
    const auto found = given.find(option.name);
    if (found == given.end()) {
      loaded.sources.emplace(option.name, "default");
      continue;
    }
    for (const auto& value : found->second.values) {
      if (auto status = option.set(loaded.config, value); !status) {
        return about(option, found->second.where, status.error().message);
      }
    }
    loaded.sources.emplace(option.name, found->second.where);
  }
  if (auto status = check_whole(loaded.config); !status) return status.error();
  return loaded;
}

}  // namespace posthorn::app
