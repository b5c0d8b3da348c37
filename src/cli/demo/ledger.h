// Ledger: what the demo knows about its events, and the sums at the end. The sums are pure: they fail loudly on anything
// missing.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/demo/receiver.h"
#include "cli/watch/reconcile.h"

namespace posthorn::cli::demo {

// Publishing all files at once fills the queues; single changes show how long one takes.
enum class Phase : std::uint8_t { catching_up, live };

struct Published {
  watch::Change change = watch::Change::none;
  Phase phase = Phase::catching_up;
  SteadyTime sent_at;  // when the publishing call began: before the event was accepted
};
using PublishedEvents = std::map<std::string, Published, std::less<>>;  // by event id

// Filled by the watcher's thread, read by the demo's.
class Ledger {
 public:
  void add(const std::string& event_id, Published published);
  void start_live() { phase_ = Phase::live; }
  Phase phase() const { return phase_; }
  std::size_t size() const;
  PublishedEvents events() const;

 private:
  mutable std::mutex mutex_;
  PublishedEvents events_;
  std::atomic<Phase> phase_ = Phase::catching_up;
};

// How many of the files are edited, removed and moved: something of each as far as there are files for it.
struct PlannedChanges {
  std::size_t edits = 0;
  std::size_t removals = 0;
  std::size_t moves = 0;
};
PlannedChanges plan_changes(std::size_t files);

struct EndpointSum {
  std::string name;
  std::size_t requests = 0;
  std::size_t delivered = 0;   // events taken
  std::size_t refused = 0;     // answered 500
  std::size_t duplicates = 0;  // taken more than once
  std::size_t missing = 0;     // accepted by the server, never here
  std::size_t unknown = 0;     // here, but never published
  std::size_t badly_signed = 0;
  bool is_fine() const { return missing == 0 && unknown == 0 && badly_signed == 0; }
};
// What a run with too few files did not show, for people: "no file was edited, nothing was refused". Empty: it showed all.
std::string not_exercised(const PublishedEvents& published, const std::vector<EndpointSum>& sums);
// `valid`: for each of `received`.
EndpointSum sum_up(const std::string& name, const std::vector<Received>& received, const std::vector<bool>& valid,
                   const PublishedEvents& published);

struct Latency {
  std::size_t count = 0;
  double p50 = 0;  // seconds, publishing call to arrival
  double p99 = 0;
};
// Of the first arrival of each event of the phase.
Latency latency_of(const std::vector<Received>& received, const PublishedEvents& published, Phase phase);

}  // namespace posthorn::cli::demo
