// Transforms: runs subscriptions' scripts for the attempts of one out-loop, and checks scripts for those who save them.
//
// Place: LaneSet asks before it signs and sends; the scripts run in script::Pool, elsewhere. A lane's attempt that waits for its
// script holds nobody but its own lane.
// Fairness: a tenant is an owner, a subscription a strand of the pool's queue.
// Time: kTransformTime for the script, apart from the attempt's own timeout, which begins when the request is made.
// Lifecycle: stop() answers what is out as `abandoned`; results that come later are dropped.
// Concurrency: belongs to the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/event_loop.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/transform.h"
#include "net/task.h"
#include "outbound/prepared.h"
#include "script/runner.h"

namespace posthorn::outbound {

// What an attempt's script came to.
struct TransformAnswer {
  domain::FailureKind failure = domain::FailureKind::none;
  std::string detail;               // why it failed
  domain::Transformed transformed;  // when it did not
  bool abandoned = false;           // shutdown: neither
};

// A script as the pool runs it.
std::shared_ptr<const script::Program> program_of(const domain::Transform& transform);

// What an outcome of the pool means for an attempt. A script that could not be run at all is our own fault (`internal`).
TransformAnswer read_outcome(const script::Outcome& outcome);

// `lines`, "name: value\r\n" each, with `headers` in place of those of the same name.
std::string with_headers(std::string_view lines, const std::vector<domain::Header>& headers);

class Transforms {
 public:
  // `tenant_name`: what scripts see as the event's tenant. Any thread may call it.
  Transforms(EventLoop& loop, script::Runner& runner, std::function<std::string(TenantKey)> tenant_name);
  ~Transforms();
  Transforms(const Transforms&) = delete;
  Transforms& operator=(const Transforms&) = delete;

  // `program` is of the subscription's transform; `body` as rendered. `done` is called exactly once, on the loop, never from
  // within run().
  void run(const domain::Subscription& subscription, std::shared_ptr<const script::Program> program, domain::EventPtr event,
           std::shared_ptr<const std::string> body, UniqueFunction<void(TransformAnswer)> done);

  void stop();

 private:
  // Outlives this for the results that come after stop().
  struct Waiting {
    std::unordered_map<std::uint64_t, UniqueFunction<void(TransformAnswer)>> calls;
    bool stopped = false;
  };

  EventLoop& loop_;
  script::Runner& runner_;
  std::function<std::string(TenantKey)> tenant_name_;
  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  std::uint64_t next_ = 1;
};

// Whether the script compiles (and, in JavaScript, declares its function). Errors: invalid_argument naming `field`, with line
// and column in the message; unavailable.
net::Task<Status> check_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant, const domain::Transform& transform,
                                  std::string field);

// Runs a script on an input of the caller's, as an attempt would.
net::Task<script::Outcome> try_transform(script::Runner& runner, EventLoop& loop, TenantKey tenant,
                                         const domain::Transform& transform, std::string input);

}  // namespace posthorn::outbound
