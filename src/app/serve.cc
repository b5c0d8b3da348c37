#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "app/notify.h"
#include "app/space_wait.h"
#include "app/start_pages.h"
#include "app/wiring.h"
#include "base/version.h"
#include "observe/log.h"

namespace posthorn::app {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 2;  // as the command line ends for it
constexpr auto kSpaceWaitTime = std::chrono::seconds(2);
constexpr int kExitBySecondSignal = 130;

using observe::Level;

sigset_t watched_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

// Connections are descriptors: take as many as the system grants.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

// Ends the process at the second request to stop. Runs beside the drain, and is left behind by its end.
void watch_for_second_signal() {
  std::thread([] {
    const sigset_t signals = watched_signals();
    int signal = 0;
    do {
      ::sigwait(&signals, &signal);
    } while (signal == SIGHUP);
    ::_exit(kExitBySecondSignal);
  }).detach();
}

Status print_new_key(const std::string& key) {
  const int printed = std::printf(
      "The administrator's key, shown this once (the server keeps only its hash):\n\n  %s\n\n"
      "Use it as POSTHORN_KEY for the posthorn commands, or as \"Authorization: Bearer <key>\".\n",
      key.c_str());
  if (printed >= 0 && std::fflush(stdout) == 0) return {};
  return internal_error(std::string("the administrator's key cannot be shown, so none was made: writing to the standard output "
                                    "fails (") +
                        std::strerror(errno) + "). Give it one that can be written, or set POSTHORN_ADMIN_KEY");
}

bool stop_was_asked_within(std::chrono::seconds time) {
  const sigset_t signals = watched_signals();
  const timespec limit{time.count(), 0};
  const int signal = ::sigtimedwait(&signals, nullptr, &limit);
  return signal > 0 && signal != SIGHUP;
}

// Starts `server`; while the disk is full, waits for space and says so. Answers success without a server when a stop was asked.
Status start_when_there_is_space(const Config& config, std::unique_ptr<Server>& server) {
  SpaceWait wait(config);
  for (bool told = false;; told = true) {
    server = std::make_unique<Server>(config);
    auto started = server->start(print_new_key);
    if (started || !waits_for_space(started.error(), free_bytes_of(config.data_dir))) return started;
    server.reset();
    const std::string reason = "the disk is full, so the start waits for space: " + started.error().message;
    if (!told) observe::log(Level::warning, reason, {{"data", config.data_dir}});
    notify_service_manager("STATUS=The disk is full: waiting for space\nEXTEND_TIMEOUT_USEC=30000000");
    wait.listen(reason);
    if (stop_was_asked_within(kSpaceWaitTime)) return {};
    wait.close();
  }
}

void wait_for_stop(Server& server) {
  const sigset_t signals = watched_signals();
  for (;;) {
    int signal = 0;
    ::sigwait(&signals, &signal);
    if (signal != SIGHUP) return;
    const auto reloaded = server.reload();
    if (reloaded) {
      observe::log(Level::info, "read the certificate files again");
    } else {
      observe::log(Level::error, "kept the old certificate", {{"reason", reloaded.error().message}});
    }
  }
}

}  // namespace

int serve(const LoadedConfig& loaded) {
  observe::configure_log(loaded.config.log);
  // Blocked before any thread starts, so that only sigwait() sees them.
  const sigset_t signals = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();

  std::unique_ptr<Server> server;
  if (const auto started = start_when_there_is_space(loaded.config, server); !started) {
    observe::log(Level::error, "cannot start", {{"reason", started.error().message}, {"about", started.error().field}});
    return started.error().kind == ErrorKind::invalid_argument ? kExitConfiguration : kExitFailed;
  }
  if (server == nullptr) return 0;
  const bool tls = !loaded.config.tls_certificate_file.empty();
  const std::string url =
      std::string(tls ? "https://" : "http://") + loaded.config.listen_host + ":" + std::to_string(server->port());
  observe::log(Level::info, "serving", {{"version", kVersion}, {"url", url}, {"data", loaded.config.data_dir}});
  notify_service_manager("READY=1\nSTATUS=Serving");
  release_start_pages();

  wait_for_stop(*server);
  notify_service_manager("STOPPING=1");
  observe::log(Level::info, "stopping: finishing what runs");
  watch_for_second_signal();
  server->stop();
  observe::log(Level::info, "stopped");
  return 0;
}

}  // namespace posthorn::app
