#include "observe/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "observe/escape.h"

namespace posthorn::observe {
namespace {

constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool writes_json(LogStyle style) {
  switch (style) {
    case LogStyle::automatic:
      return isatty(STDERR_FILENO) == 0;
    case LogStyle::text:
      return false;
    case LogStyle::json:
      return true;
  }
  return false;
}

// The process's one log. It starts with the defaults, so that a line before configure_log() is not lost.
class ProcessLog {
 public:
  ProcessLog() : logger_("posthorn", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::trace);  // level_ decides
    configure(LogOptions{});
  }

  void configure(const LogOptions& options) {
    level_ = options.level;
    json_ = writes_json(options.style);
    logger_.set_formatter(
        std::make_unique<spdlog::pattern_formatter>(json_ ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc, "\n"));
  }
  bool enabled(Level level) const { return level >= level_.load(std::memory_order_relaxed); }
  void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
    logger_.log(to_spdlog(level), json_ ? json_members(message, fields) : plain_line(message, fields));
  }

 private:
  spdlog::logger logger_;
  std::atomic<Level> level_;
  std::atomic<bool> json_;
};

ProcessLog& process_log() {
  static ProcessLog& log = *new ProcessLog;  // never destroyed: threads may log until the very end
  return log;
}

}  // namespace

void configure_log(const LogOptions& options) { process_log().configure(options); }

bool log_enabled(Level level) { return process_log().enabled(level); }

void log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (log_enabled(level)) process_log().write(level, message, fields);
}

}  // namespace posthorn::observe
