// Demo: the main job on real input, on this machine alone: a folder of real files is watched, every change becomes a signed
// webhook, three endpoints of different temper get it, and at the end everything is counted and checked.
//
// What runs is the product: `posthorn serve` in a child process, the watcher of `posthorn watch`, real HTTP in between.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/demo/ledger.h"
#include "cli/demo/receiver.h"
#include "cli/demo/scratch.h"
#include "cli/demo/server_process.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/watch/watcher.h"

namespace posthorn::cli::demo {

struct DemoOptions {
  std::string folder;  // empty: this machine's documentation and headers
  std::size_t files = 2500;
  bool quick = false;
  bool keep = false;
};

class Demo {
 public:
  Demo(Context& context, DemoOptions options);
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  ExitCode run();

 private:
  // In the order in which they happen; each prints what it does. An error ends the demo.
  Status copy_files();
  Status start_server();
  Status open_endpoints();
  Status subscribe();
  Status publish_folder();
  Status change_files();
  Status deliver_all();
  Status finish_server();
  ExitCode report();

  Status wait_until(const char* what, std::chrono::seconds time, const std::function<bool()>& reached,
                    const std::function<void()>& show);
  Status watcher_status();
  std::size_t delivered() const;
  void show_delivering();
  void print_step(const std::string& title, const std::string& text);
  void print_request(const Receiver& receiver);
  bool print_table(const PublishedEvents& published, const std::vector<EndpointSum>& sums, const std::string& checked_by);
  void print_next();
  void stop_watcher();

  Context& context_;
  Console& console_;
  const DemoOptions options_;
  SystemClock clock_;
  StopSignal stop_;
  Scratch scratch_;
  ServerProcess server_;
  std::array<std::unique_ptr<Receiver>, 3> receivers_;  // healthy, flaky, late
  std::array<std::string, 3> secrets_;
  std::unique_ptr<RemoteApi> api_;
  std::unique_ptr<watch::Journal> journal_;
  std::unique_ptr<watch::Watcher> watcher_;
  StopSwitch stop_watcher_;
  std::thread watcher_thread_;
  std::atomic<bool> watcher_ended_{false};
  std::atomic<bool> caught_up_{false};
  Status watcher_outcome_;  // read after watcher_ended_
  Ledger ledger_;
  std::atomic<std::size_t> refused_events_{0};
  std::size_t changes_expected_ = 0;
  std::size_t attempts_recorded_ = 0;
  std::size_t succeeded_recorded_ = 0;
  int server_exit_ = -1;
  SteadyTime started_;
  std::optional<Progress> progress_;
};

}  // namespace posthorn::cli::demo
