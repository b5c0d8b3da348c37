// What the sending engine needs of the world beyond the store and the loop.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/unique_function.h"
#include "domain/outbound/attempt.h"
#include "net/url.h"
#include "outbound/endpoint_access.h"

namespace posthorn::outbound {

struct OutgoingAttempt {
  std::shared_ptr<const net::Url> url;
  std::string header_lines;                 // "name: value\r\n" each
  std::shared_ptr<const std::string> body;  // rendered once per event and format
  SteadyTime deadline;
  EndpointAccessPtr access;  // null: nothing but the request
};

struct AttemptAnswer {
  domain::AttemptOutcome outcome;
  std::string detail;                        // for people, when it failed
  std::string response;                      // the answer's first bytes
  std::optional<double> allowed_per_second;  // what the endpoint allowed in the handshake; nothing: no limit
  bool abandoned = false;                    // shutdown cut it off: neither success nor failure
};

// Sends one attempt. `done` is called exactly once, on the loop, never from within send().
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) = 0;
};

}  // namespace posthorn::outbound
