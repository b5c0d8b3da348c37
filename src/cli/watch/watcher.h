// Watcher: keeps a server told of the files under a folder: document.created, document.edited, document.deleted.
//
// How nothing is missed: watches are set before the folder is looked at; every look compares with the journal, so it does not
// matter
//   whether a change was seen happening or is found afterwards. Changes that follow each other before a look are told as one.
// How nothing is repeated: see journal.h.
// What the server refuses counts as not told: it is tried again when the file changes, at every look_again, and by the next
// run.
// Order: events of one path are sent one after the other, each after the one before was accepted; different paths go side by
// side. Concurrency: run() on the caller's thread; answers come from the Api's.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/remote_api.h"
#include "cli/signals.h"
#include "cli/watch/journal.h"
#include "cli/watch/notifier.h"
#include "cli/watch/tree.h"

namespace posthorn::cli::watch {

struct WatcherOptions {
  std::string root;         // absolute, without symbolic links
  std::string tenant_path;  // "/api/v1/tenants/default"
  std::vector<std::string> ignored;
  std::chrono::milliseconds look_again = std::chrono::minutes(5);  // for changes that inotify does not tell (truncate, network)
  std::size_t calls_in_flight = 32;
  std::chrono::milliseconds patience{0};  // with a server that does not accept; 0: without end
  bool accept_empty = false;              // an empty folder where files were is not taken for an unmounted one
};

struct Accepted {
  std::string event_id;
  std::int64_t deliveries = 0;
  SteadyTime sent_at;      // when the call began
  SteadyTime answered_at;  // when the 202 was here
};

// Told on run()'s thread. All must be set.
struct WatcherHooks {
  std::function<void(const Intent&, const Accepted&)> accepted;
  std::function<void(const Intent&, const Error&)> refused;
  std::function<void(const std::string& path, const std::string& words)> trouble;  // each path once
  std::function<void(std::size_t done, std::size_t total)> progress;               // of one look
  std::function<void(const std::string& why)> waiting;                             // for the server; empty: it answers again
  std::function<void()> caught_up;                                                 // after every look
};

class Watcher {
 public:
  Watcher(Api& api, Journal& journal, const Clock& clock, WatcherOptions options, WatcherHooks hooks);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Makes the three topics when they are missing. Waits for a server that is not there yet.
  Status prepare(const Stop& stop);
  // Finishes what an earlier run began, then tells what changed meanwhile.
  Status catch_up(const Stop& stop);
  // catch_up(), and then goes on until the stop. Errors: what makes going on pointless.
  Status run(const Stop& stop);

 private:
  struct Call;
  struct Answers;

  Status look_at(const std::string& path, const Stop& stop);
  Status tell(const std::vector<std::string>& to_read, const std::vector<std::string>& gone, const Stop& stop);
  std::optional<Intent> read_and_judge(const std::string& path);
  Status finish_open_intents(const Stop& stop);
  std::vector<std::string> due_again();
  Status publish(std::vector<Intent> intents, const Stop& stop);
  void start_call(Call& call);
  Status take(Call& call, Result<ApiAnswer> answer);
  void report(const std::string& path, const std::string& words);
  bool was_refused(const Intent& intent) const;
  // An error: the patience is over.
  Status wait_for_server(const Error& error, SteadyTime next_try);
  void server_answers();

  Api& api_;
  Journal& journal_;
  const Clock& clock_;
  const WatcherOptions options_;
  const WatcherHooks hooks_;
  Notifier notifier_;
  std::shared_ptr<Answers> answers_;
  std::vector<std::string> reported_;
  std::vector<std::string> again_;  // were being written: to be looked at once more
  SteadyTime again_at_;
  std::optional<SteadyTime> waiting_since_;                  // for the server
  std::map<std::string, std::string, std::less<>> refused_;  // what is not tried again yet: path and content
};

// The call's body for a change. `now`: of the file as it is (null when deleted); `before`: as it was published (null when
// created).
std::string event_body(Change change, const std::string& path, const Content* now, const Known* before, Timestamp at);

}  // namespace posthorn::cli::watch
