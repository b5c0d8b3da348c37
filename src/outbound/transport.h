// HttpTransport: sends attempts through the loop's EndpointClient, and says what their answers mean.
#pragma once

#include "net/loop.h"
#include "outbound/endpoint_client.h"
#include "outbound/ports.h"

namespace posthorn::outbound {

class HttpTransport final : public Transport {
 public:
  HttpTransport(net::Loop& loop, EndpointClient& endpoints, const Clock& clock);

  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override;

  // Loop thread. Stops the EndpointClient; what is still out ends at once as `abandoned`; returns when nothing runs.
  net::Task<> stop();

 private:
  net::Task<> run(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done);

  EndpointClient& endpoints_;
  const Clock& clock_;
  net::Scope scope_;
  bool stopping_ = false;
};

}  // namespace posthorn::outbound
