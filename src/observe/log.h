// Logging: spdlog behind a small face. Text on a terminal, JSON lines otherwise; one line per happening, never a payload or a
// secret. Control characters in values are escaped.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace posthorn::observe {

enum class Level : std::uint8_t { debug, info, warning, error };
enum class LogStyle : std::uint8_t { automatic, text, json };

struct LogOptions {
  Level level = Level::info;
  LogStyle style = LogStyle::automatic;  // automatic: text when standard error is a terminal
};

// Once, before threads start. Logs go to standard error.
void configure_log(const LogOptions& options);

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  template <class T>
    requires std::is_integral_v<T>
  Field(std::string_view n, T v) : name(n), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
};

bool log_enabled(Level level);  // cheap; ask before building a debug line on a hot path
void log(Level level, std::string_view message, std::initializer_list<Field> fields = {});

}  // namespace posthorn::observe
