// Transforms: the Transport in front of the one that sends. An attempt whose subscription has a script waits here for it; every
// other one passes at once.
//
// Place: LaneSet sends through it; scripts run in script::Pool, elsewhere. An attempt that waits for its script holds nobody
// but its own lane. Fairness: a tenant is an owner, a subscription a strand of the pool's queue. Time: kTransformTime for the
// script; the attempt's own timeout begins when its request is sent. A script that fails is an attempt of kind `transform` and
// nothing is sent; one that could not be run at all is `internal`. Lifecycle: stop() answers what waits here as `abandoned`;
// results that come later are dropped. Concurrency: belongs to the loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/event_loop.h"
#include "domain/outbound/transform.h"
#include "net/task.h"
#include "outbound/ports.h"
#include "outbound/prepared.h"
#include "script/runner.h"

namespace posthorn::outbound {

// A transform as the pool runs it.
std::shared_ptr<const script::Program> program_of(const domain::Transform& transform);

// What an attempt needs to be sent through its subscription's script. `prepared.program` is there.
std::unique_ptr<ScriptedBody> script_of(const Prepared& prepared, const RenderedPtr& rendered, const domain::EventPtr& event,
                                        Timestamp wall_now);

// What an outcome of the pool says for an attempt: what to send, or how the attempt ends.
struct TransformOutcome {
  domain::Transformed transformed;
  std::optional<AttemptAnswer> answer;
};
TransformOutcome read_outcome(const script::Outcome& outcome);

// Completes a request with what its script returned: the headers and the signature go into `header_lines`. Answers the body.
std::shared_ptr<const std::string> complete(ScriptedBody& script, domain::Transformed transformed, std::string& header_lines);

// `lines`, "name: value\r\n" each, with `headers` in place of those of the same name.
std::string with_headers(std::string_view lines, const std::vector<domain::Header>& headers);

class Transforms final : public Transport {
 public:
  // `body_bytes_max`: as for events that are published.
  Transforms(EventLoop& loop, script::Runner& runner, Transport& next, const Clock& clock, std::size_t body_bytes_max);
  ~Transforms() override;
  Transforms(const Transforms&) = delete;
  Transforms& operator=(const Transforms&) = delete;

  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override;
  void stop();

 private:
  struct Waiting {
    OutgoingAttempt attempt;
    UniqueFunction<void(AttemptAnswer)> done;
  };

  void finish(std::uint64_t id, const script::Outcome& outcome);

  EventLoop& loop_;
  script::Runner& runner_;
  Transport& next_;
  const Clock& clock_;
  const std::size_t body_bytes_max_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_id_ = 1;
  bool stopped_ = false;
  // Results hold it weakly: what comes after this is gone is dropped.
  std::shared_ptr<Transforms*> self_ = std::make_shared<Transforms*>(this);
};

// Whether the script compiles (and, in JavaScript, declares its function). Errors: invalid_argument naming `field`, with line
// and column in the message; unavailable.
net::Task<Status> check_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant, const domain::Transform& transform,
                                  std::string field);

// Runs the script of one request that nobody waits for but its caller. `body`: what was rendered.
net::Task<TransformOutcome> run_script(script::Runner& runner, EventLoop& loop, const ScriptedBody& script,
                                       const std::string& body, std::size_t body_bytes_max);

// Runs a script once on an input of the caller's.
net::Task<script::Outcome> try_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant,
                                         const domain::Transform& transform, std::string input, std::size_t body_bytes_max);

}  // namespace posthorn::outbound
