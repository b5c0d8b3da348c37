// HttpTransport: sends attempts through net's HTTP client.
#pragma once

#include "net/http_client.h"
#include "net/loop.h"
#include "outbound/ports.h"

namespace posthorn::outbound {

class HttpTransport final : public Transport {
 public:
  HttpTransport(net::Loop& loop, net::HttpClient& client, const Clock& clock);

  void send(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done) override;

  // Loop thread. What is still out ends at once as `abandoned`; returns when nothing runs.
  net::Task<> stop();

 private:
  net::Task<> run(OutgoingAttempt attempt, UniqueFunction<void(AttemptAnswer)> done);

  net::HttpClient& client_;
  const Clock& clock_;
  net::Scope scope_;
  bool stopping_ = false;
};

}  // namespace posthorn::outbound
