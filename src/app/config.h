// Config: everything that an operator can set. One table of options (options()) is the source of flags, POSTHORN_* variables,
// the TOML file's keys and docs/configuration.md; a test compares them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "net/http_client.h"
#include "net/peer_filter.h"
#include "observe/log.h"

namespace posthorn::app {

struct Config {
  std::string data_dir = "posthorn-data";
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 8080;
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string ca_file;
  std::string proxy;  // http://host:port; empty: none
  net::ProxyNames proxy_names = net::ProxyNames::resolved_here;
  std::string handshake_origin = "posthorn";  // WebHook-Request-Origin
  std::string public_url;                     // as callers see the server, without a slash at its end; empty: not known
  std::vector<net::Network> allowed_peers;
  std::string admin_key;   // from POSTHORN_ADMIN_KEY only
  std::string master_key;  // base64 of 32 bytes, from POSTHORN_MASTER_KEY only; empty: the file in the data folder
  std::size_t event_body_bytes_max = kEventBodyBytesMaxDefault;
  std::uint32_t in_loops = 1;
  std::uint32_t out_loops = 1;
  std::uint32_t script_helpers = kScriptHelpersDefault;
  std::size_t script_memory = kScriptHelperMemoryDefault;
  std::chrono::milliseconds shutdown_grace = std::chrono::seconds(20);
  std::chrono::milliseconds disable_after = kDisableAfterDefault;  // of nothing but failures; 0: never
  std::chrono::hours payload_retention{24 * 30};
  std::chrono::hours attempt_retention{24 * 90};
  std::chrono::hours delivery_retention{24 * 90};
  std::chrono::hours idempotency_retention{24};
  std::chrono::hours statistics_retention{24 * 400};
  observe::LogOptions log;
};

struct Option {
  std::string_view name;        // TOML key and flag: "listen", "allow-peer", …; variable: POSTHORN_LISTEN
  std::string_view value_name;  // "HOST:PORT"
  std::string_view help;        // one sentence
  std::string_view default_text;
  enum class Source : std::uint8_t { everywhere, environment_only } source = Source::everywhere;
  bool repeatable = false;
  // Errors (invalid_argument) name the option.
  std::function<Status(Config&, std::string_view)> set;
  std::function<std::string(const Config&)> show;  // secrets: "configured" or "not configured"
};

const std::vector<Option>& options();

// "allow-peer" -> "POSTHORN_ALLOW_PEER".
std::string variable_name(std::string_view option);

// "250ms", "20s", "5m", "12h", "30d": a whole number and one unit; nothing for anything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// The same form, in the largest unit that divides it.
std::string duration_text(std::chrono::milliseconds duration);

// Where each value came from, for doctor: "default", "file /etc/…", "environment POSTHORN_LISTEN", "flag --listen".
struct LoadedConfig {
  Config config;
  std::map<std::string, std::string, std::less<>> sources;
};

// `file`: empty for none. `flags`: option name and text, in order. Precedence: flag, environment, file, default; for a
// repeatable option the highest source that gives it replaces the others (in the environment its values are separated by
// commas). Errors (invalid_argument) name the option and where its value came from. Unknown keys in the file are errors.
Result<LoadedConfig> load_config(const std::string& file, const std::vector<std::pair<std::string, std::string>>& flags,
                                 const std::function<const char*(const char*)>& environment);

}  // namespace posthorn::app
