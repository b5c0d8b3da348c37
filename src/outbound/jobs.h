// Jobs: runs the background jobs (recover, replay missing, resend, erase) of the shards that are ours, a bounded durable step
// at a time.
//
// Place: one, on the first out-loop. JobService (on the in-loops) makes jobs and add()s them here; start() finds what a stopped
//   process left. What a step made pending is in the store; `pushed` tells its lane to page it in, `polled` wakes readers.
// A step: reads the next rows beside the writer, decides, and writes the changes together with the job's cursor in one
//   transaction. A step that is made twice changes nothing: the cursor does not stand where it began any more.
// Live traffic first: no step while kJobRunnableMax deliveries could run already, a pause after each, jobs served in turns.
// Pausing and cancelling are rows in the store: the next step is refused, and the job is dropped here.
// Concurrency: belongs to its loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "outbound/catalogue.h"
#include "outbound/runnable_gate.h"
#include "store/store.h"

namespace posthorn::outbound {

struct JobSinks {
  std::function<void(SubscriptionKey, std::uint32_t)> pushed;
  std::function<void(SubscriptionKey)> polled;
};

class Jobs {
 public:
  Jobs(EventLoop& loop, store::Session& session, const Catalogue& catalogue, IdSource& ids, const Clock& clock,
       RunnableGate& gate, JobSinks sinks);

  void start(std::vector<store::Lease> leases, UniqueFunction<void(Status)> done);
  // One that was made or resumed. Those that run here already and those of foreign shards are left alone.
  void add(domain::Job job);
  // No further step begins; `done` when none runs. The rest is taken up at the next start.
  void stop(UniqueFunction<void()> done);

  std::size_t running() const { return jobs_.size() + (current_ ? 1 : 0); }

 private:
  void next();
  void wait(SteadyTime::duration time);
  void count();
  void scan();
  void erase();
  void advance(store::JobScan found);
  void advanced(Result<store::AdvancedJob> result);
  void step_failed(const Error& error);
  void give_up(const Error& error);
  void put_back();
  store::Lease lease_of(const domain::Job& job) const;

  store::Session& session_;
  const Catalogue& catalogue_;
  IdSource& ids_;
  const Clock& clock_;
  RunnableGate& gate_;
  const JobSinks sinks_;
  std::vector<store::Lease> leases_;
  std::deque<domain::Job> jobs_;        // wait for their turn
  std::optional<domain::Job> current_;  // its step is under way
  std::optional<domain::Job> again_;    // the current one was resumed meanwhile: its latest row
  std::optional<std::uint64_t> total_;  // of the current one, counted before its first step
  bool waiting_ = false;
  bool stopping_ = false;
  UniqueFunction<void()> stopped_;
  std::unique_ptr<Alarm> alarm_;
};

}  // namespace posthorn::outbound
