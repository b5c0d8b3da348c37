// EndpointClient: sends one request to an endpoint together with what lets us in: handshake, token, client certificate, secret
// headers.
//
// Place: HttpTransport for attempts, TestDelivery for tests; one per out-loop, on its HTTP client. Every request it makes,
// those
//   for tokens and handshakes included, passes the peer filter and ends by the deadline.
// A 401 to a token that was kept gets a fresh one, once, within the same attempt.
// Lifecycle: stop() ends what runs and waits for it. Concurrency: belongs to the loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "domain/outbound/attempt.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "outbound/endpoint_access.h"
#include "outbound/handshake.h"
#include "outbound/token_cache.h"

namespace posthorn::outbound {

inline constexpr std::string_view kHandshakeOriginDefault = "posthorn";

struct EndpointRequest {
  std::shared_ptr<const net::Url> url;
  EndpointAccessPtr access;  // null: nothing but the request
  std::string header_lines;  // "name: value\r\n" each
  std::shared_ptr<const std::string> body;
  SteadyTime deadline;
  bool wants_tls_facts = false;
};

struct EndpointAnswer {
  domain::FailureKind failure = domain::FailureKind::none;  // never `status`: an answer of any status is one
  std::string detail;                                       // for people: why it failed, or why the response's body is cut
  bool not_sent = false;                     // it failed for want of a socket on this machine: the endpoint saw nothing of it
  net::ClientResponse response;              // when it did not fail
  std::optional<double> allowed_per_second;  // what the handshake's answer allows
};

domain::FailureKind failure_of(net::SendFailure failure);

class EndpointClient {
 public:
  EndpointClient(net::Loop& loop, net::HttpClient& client, const Clock& clock,
                 std::string handshake_origin = std::string(kHandshakeOriginDefault));

  net::Task<EndpointAnswer> send(EndpointRequest request);

  // The same without coroutines, for the many requests that need neither token nor handshake (`is_plain`). `done` is called
  // exactly once, on the loop, never from within start().
  static bool is_plain(const EndpointRequest& request) {
    return !request.access || (!request.access->token && !request.access->handshake);
  }
  void start(EndpointRequest request, UniqueFunction<void(EndpointAnswer)> done);

  // Closes the HTTP client; returns when nothing runs here. Callers of send() get their answers at once.
  net::Task<> stop();

 private:
  net::Task<net::SendResult> exchange(const EndpointRequest& request, std::string_view token);
  net::Task<Result<std::string>> token_for(const EndpointRequest& request);
  net::Task<HandshakeOutcome> agree(const EndpointRequest& request, std::string_view token);
  net::Task<> fetch(net::Url url, std::string header_lines, std::string body, SteadyTime deadline,
                    UniqueFunction<void(net::SendResult)> done);
  net::Task<> ask(std::shared_ptr<const HandshakeCall> call, SteadyTime deadline, UniqueFunction<void(net::SendResult)> done);

  struct Plain {
    EndpointRequest request;
    std::string lines;  // with those of the access
    UniqueFunction<void(EndpointAnswer)> done;
  };
  void finish(Plain& plain, net::SendResult result);

  net::Loop& loop_;
  net::HttpClient& client_;
  std::size_t plain_running_ = 0;
  bool starting_ = false;
  UniqueFunction<void(int)> plain_ended_;  // who waits for the last of them
  net::Scope scope_;                       // fetches and handshakes: they outlive the attempt that asked first
  bool stopping_ = false;
  TokenCache tokens_;
  Handshakes handshakes_;
};

}  // namespace posthorn::outbound
