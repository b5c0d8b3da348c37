#include "app/serve.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "app/notify.h"
#include "app/start_pages.h"
#include "app/wiring.h"
#include "base/version.h"
#include "observe/log.h"

namespace posthorn::app {
namespace {

constexpr int kExitFailed = 1;
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

void print_new_key(const std::string& key) {
  std::printf(
      "The administrator's key, shown this once (the server keeps only its hash):\n\n  %s\n\n"
      "Use it as POSTHORN_KEY for the posthorn commands, or as \"Authorization: Bearer <key>\".\n",
      key.c_str());
  std::fflush(stdout);
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

  Server server(loaded.config);
  if (const auto started = server.start(); !started) {
    observe::log(Level::error, "cannot start", {{"reason", started.error().message}, {"about", started.error().field}});
    return kExitFailed;
  }
  if (!server.new_admin_key().empty()) print_new_key(server.new_admin_key());
  const bool tls = !loaded.config.tls_certificate_file.empty();
  const std::string url =
      std::string(tls ? "https://" : "http://") + loaded.config.listen_host + ":" + std::to_string(server.port());
  observe::log(Level::info, "serving", {{"version", kVersion}, {"url", url}, {"data", loaded.config.data_dir}});
  notify_service_manager("READY=1");
  release_start_pages();

  wait_for_stop(server);
  notify_service_manager("STOPPING=1");
  observe::log(Level::info, "stopping: finishing what runs");
  watch_for_second_signal();
  server.stop();
  observe::log(Level::info, "stopped");
  return 0;
}

}  // namespace posthorn::app
