// Sender: publishes batches over several calls at a time, in any order, and settles them in the input's order.
//
// Each batch carries the idempotency key "<run>-<number of its first line>", and the server derives one for each event from it
// and the event's place. A batch that is sent again, because its answer was lost, because the server was busy, or by a later
// run that resumes, therefore publishes nothing twice (within the server's idempotency-retention). Concurrency: run() on the
// caller's thread; answers come from the Api's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/remote_api.h"
#include "cli/send_input.h"

namespace posthorn::cli {

inline constexpr std::size_t kCallsInFlight = 4;
inline constexpr std::size_t kProblemsShown = 20;

struct LineProblem {
  std::uint64_t line = 0;
  std::string text;
};

struct SendProgress {
  std::uint64_t accepted = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t refused = 0;
  std::uint64_t input_bytes = 0;      // settled
  std::vector<LineProblem> problems;  // the first kProblemsShown
  std::string waiting_for;            // why nothing moves: "the server is busy"; empty otherwise
};

struct SenderOptions {
  std::string events_path;                                       // "/api/v1/tenants/default/events"
  double events_per_second = 0;                                  // 0: no limit
  std::chrono::milliseconds patience = std::chrono::minutes(5);  // with a server that does not take a batch
  // Lines of a slow input wait so long for others to join their batch; nothing: until it is full. A run that may be resumed
  // must cut the same batches again, so it has none.
  std::optional<std::chrono::milliseconds> gather = {};
};

class Sender {
 public:
  struct Hooks {
    std::function<bool()> stop_requested;
    // After batches were settled; the state is safe to keep. An error ends the run.
    std::function<Status(const SendState&)> settled;
    std::function<void(const SendProgress&)> progress;
  };

  Sender(Api& api, const Clock& clock, SenderOptions options, Hooks hooks);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // Sends what the reader gives and counts it into `state`. Ends when the input does, when a stop is requested (what is in
  // flight is waited for), or with the error that makes going on pointless.
  Status run(LineReader& reader, SendState& state);
  const SendProgress& progress() const { return progress_; }

 private:
  struct Job;
  struct Answers;

  // Starts what the input and the limits allow now.
  void feed(LineReader& reader);
  void wait(LineReader& reader);
  void launch(Job& job);
  void take(Job& job, Result<ApiAnswer> answer);
  void take_results(Job& job, const ApiAnswer& answer);
  void try_again_later(Job& job, const Error& error);
  void refuse(Job& job, std::uint64_t line, std::string text);
  Status settle(SendState& state);
  SteadyTime allowed_at(std::uint64_t events) const;

  Api& api_;
  const Clock& clock_;
  const SenderOptions options_;
  const Hooks hooks_;
  SendProgress progress_;
  std::string run_;
  std::vector<Job> window_;  // in the input's order
  std::shared_ptr<Answers> answers_;
  std::optional<Error> fatal_;
  bool input_ended_ = false;
  std::optional<SteadyTime> gathering_since_;
  std::uint64_t launched_events_ = 0;
  SteadyTime started_;
};

// The wait before try number `tries` (from 1), when the server named none.
std::chrono::milliseconds backoff(std::uint32_t tries);

}  // namespace posthorn::cli
