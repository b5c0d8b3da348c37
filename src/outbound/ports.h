// What the sending engine needs of the world beyond the store and the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/unique_function.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"
#include "net/url.h"
#include "outbound/endpoint_access.h"
#include "script/program.h"

namespace posthorn::outbound {

// For an attempt whose subscription has a transform: the script runs first, on the body as rendered; what it returns is signed
// and sent.
struct ScriptedBody {
  domain::SubscriptionPtr subscription;
  std::shared_ptr<const script::Program> program;
  domain::EventPtr event;
  std::string tenant;  // its name
  // Completes the request: the body of what the script returned (nothing: of what was rendered), with the secret where the
  // format has a place for it, and the lines that sign it. Scripts never see a secret.
  UniqueFunction<std::shared_ptr<const std::string>(std::optional<std::string> payload, std::string& header_lines)> finish;
};

struct OutgoingAttempt {
  std::shared_ptr<const net::Url> url;
  std::string header_lines;                 // "name: value\r\n" each
  std::shared_ptr<const std::string> body;  // rendered once per event and format
  SteadyTime deadline;
  EndpointAccessPtr access;              // null: nothing but the request
  std::unique_ptr<ScriptedBody> script;  // null: the request is complete
};

struct AttemptAnswer {
  domain::AttemptOutcome outcome;
  std::string detail;                        // for people: why it failed, or why the response is cut
  std::string response;                      // the answer's first bytes
  std::optional<double> allowed_per_second;  // what the endpoint allowed in the handshake; nothing: no limit
  bool cancelled = false;                    // the subscription's script wants nothing sent: the delivery is over
  bool abandoned = false;                    // shutdown cut it off: neither success nor failure
  bool not_sent = false;                     // for want of a socket on this machine: no attempt at all, to be made soon
};

// Sends one attempt. `done` is called exactly once, on the loop, never from within send().
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) = 0;
};

}  // namespace posthorn::outbound
