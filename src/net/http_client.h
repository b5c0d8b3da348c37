// HttpClient: sends one HTTP/1.1 request and answers with a bounded response. One per out-loop.
//
// Place: outbound's deliverer calls it. Every connection is made by connect() in connect.h, which passes the peer filter.
// Pool: keep-alive connections per (origin, TLS identity), reused last-in first-out, closed when idle too long. A request that
//   fails on a reused connection, and of which the endpoint had certainly not the whole, is tried once more on a fresh one.
// No redirects are followed. Answers are read up to kResponseBodyBytesRead and the first kResponseBodyBytesKept are kept;
//   a connection whose answer was not read to its end, or that sent bytes beyond it, is never reused.
// No environment variable is read (http_proxy and the like).
// Deadlines are kept by one sweep for all connections, at least 20 ms apart.
// Lifecycle: close() before the loop stops; destroyed on the loop's thread or after it has stopped, and before the Loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "net/client_identity.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/peer_filter.h"
#include "net/tls_facts.h"
#include "net/url.h"

namespace posthorn::net {

enum class SendFailure : std::uint8_t {
  name,
  blocked,
  connect,
  tls,
  timeout,
  disconnected,
  protocol,
  too_large,
  proxy,
  shortage,  // this machine has no socket to spare: nothing was sent, and the endpoint has no part in it
};

struct ClientResponse;

struct SendError {
  SendFailure kind;
  std::string detail;                                  // for people
  std::shared_ptr<ClientResponse> response = nullptr;  // when its head had come whole: status, headers, what came of the body
};

struct ClientResponse {
  int status = 0;
  std::vector<OwnedHeader> headers;     // names in lower case
  std::string body;                     // the first kResponseBodyBytesKept bytes
  bool body_complete = true;            // false: there was more, or its end is not certain
  std::shared_ptr<const TlsFacts> tls;  // only when it was asked for, and the connection had TLS

  std::string_view header(std::string_view lower_case_name) const;
};

using SendResult = boost::system::result<ClientResponse, SendError>;
[[noreturn]] void throw_exception_from_error(const SendError& error, const boost::source_location& place);

struct ClientRequest {
  const Url* url = nullptr;  // must outlive the call
  std::string_view method = "POST";
  std::string_view header_lines;  // "Name: value\r\n" each, checked by the caller; without Host, Content-Length, Connection
  std::string_view body;
  std::shared_ptr<const ClientIdentity> identity;  // null: none is presented
  bool wants_tls_facts = false;
};

// Of an answer's body. The command line, which reads long lists of a server that its user named, raises both.
struct BodyLimits {
  std::size_t kept = kResponseBodyBytesKept;
  std::size_t read = kResponseBodyBytesRead;  // before the connection is given up
};

// Who resolves the names that a proxy is to connect to.
enum class ProxyNames : std::uint8_t {
  resolved_here,  // the proxy is given an address that passed the filter
  left_to_proxy,  // the proxy is given the name, and must refuse what is not public itself
};

struct HttpClientOptions {
  PeerFilter filter;
  std::string ca_file;     // empty: the system's certificates
  std::string proxy_host;  // empty: direct. HTTP CONNECT for both schemes; the proxy's own address is trusted
  std::uint16_t proxy_port = 0;
  ProxyNames proxy_names{};
  std::chrono::milliseconds connect_timeout = kConnectTimeout;  // name, connect and proxy; as long again for TLS
  std::chrono::milliseconds idle_time = kPooledConnectionIdleTime;
  std::size_t pooled_per_origin_max = kPooledConnectionsPerOriginMax;
  std::string name_servers;  // "127.0.0.1:53,…"; empty: the system's
  BodyLimits body_limits;
};

class HttpClient {
 public:
  HttpClient(Loop& loop, const Clock& clock, HttpClientOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Loop thread. `deadline` bounds everything: name, connect, TLS, sending, the whole answer. The views in `request` must stay
  // valid until it returns.
  Task<SendResult> send(ClientRequest request, SteadyTime deadline);
  // The same without a coroutine: `done` is called exactly once, perhaps from within start(); until then the views stay valid.
  void start(ClientRequest request, SteadyTime deadline, UniqueFunction<void(SendResult)> done);

  // Loop thread. Reads the trusted certificates again for connections that are made from now on; idle ones are closed. An
  // error keeps what was trusted before.
  Status reload_certificates();

  // Loop thread. Closes the idle connections; requests that run end as `disconnected`.
  void close();

  std::size_t idle_connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::net
