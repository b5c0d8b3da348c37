// HttpServer: accepts HTTP/1.1 connections on one loop and hands complete requests to an HttpService.
//
// Place: app makes one per in-loop (SO_REUSEPORT spreads connections when there are several); api/kit is the service.
// Full: the connections that are idle for longest make room for new ones, and one peer cannot have all of the room (peer_of()).
// Framing is strict (llhttp, strict mode, plus our own checks): conflicting or repeated Content-Length, Transfer-Encoding
//   with Content-Length, bare CR or LF, space before the colon and the like are 400 and close.
// One buffer per connection, reused; requests are parsed in place and handled one at a time in the order they came
//   (pipelining). gzip request bodies are decoded under the same body limit.
// Limits: HttpServerLimits, by default base/limits.h, "incoming HTTP". They hold while reading, not after. Time limits cost no
//   timer a request: each connection carries its deadline, and one sweep a loop looks at all of them.
// Lifecycle: the loop runs from start() until after stop(). Destroying the server stops it without grace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "net/http.h"
#include "net/loop.h"

namespace posthorn::net {

struct HttpRequest {
  std::string_view method;  // upper case as sent
  std::string_view target;  // as sent
  std::string_view path;    // of the target, still percent-encoded
  std::string_view query;   // without '?'
  HeaderViews headers;
  std::string_view body;  // decoded when it came gzip
  std::string peer;       // address:port, for logs
  SteadyTime received_at;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  // static storage; empty: no body type
  std::vector<OwnedHeader> headers;
  std::string body;
  bool close = false;
};

class HttpService {
 public:
  virtual ~HttpService() = default;
  // Called when the head of a request that has a body is complete, before any of the body is read: how large it may be
  // (the bytes that come, and decoded). `head.body` is empty.
  virtual std::size_t body_bytes_max(const HttpRequest& head) = 0;
  // One call per request. Must not throw (api/kit's funnel sees to it). The request's views are valid until it returns.
  virtual Task<HttpResponse> handle(const HttpRequest& request) = 0;
  // The answer to a request that can be refused by its head alone, asked before a client that waits for 100 Continue is told to
  // send its body. Nothing: the body is wanted.
  virtual std::optional<HttpResponse> refuse_early(const HttpRequest&) { return std::nullopt; }
  // The answer to an error that the server itself finds (400, 405, 408, 413, 414, 415, 417, 431, 500, 503, 505); `detail` is
  // for people. `head`: the request without its body; null when not even its head could be read.
  virtual HttpResponse refuse(int status, std::string_view detail, const HttpRequest* head) = 0;
};

struct TlsFiles {
  std::string certificate_file;  // PEM chain; empty: plain HTTP
  std::string key_file;
};

inline constexpr auto kAnswerWriteTime = 30s;      // for each 64 KiB of an answer that the client does not read
inline constexpr auto kLingerTime = 2s;            // how long a closing connection is read so that its client gets the answer
inline constexpr auto kRequestBodyGraceTime = 5s;  // before the minimum body rate counts

// What one server bears. The defaults are the product's; tests make them small.
struct HttpServerLimits {
  std::size_t connections_max = kConnectionsMax;
  std::size_t buffered_bytes_max = kRequestBodiesBytesMax;  // of all requests, beyond each connection's first 8 KiB
  std::size_t head_bytes_max = kRequestHeadBytesMax;
  std::size_t header_count_max = kRequestHeaderCountMax;
  std::size_t target_bytes_max = kRequestTargetBytesMax;
  Milliseconds head_time = kRequestHeadTime;  // also for a TLS handshake
  Milliseconds body_time = kRequestBodyTime;
  Milliseconds body_grace_time = kRequestBodyGraceTime;
  std::size_t body_bytes_per_second_min = kRequestBodyBytesPerSecondMin;
  Milliseconds idle_time = kConnectionIdleTime;
  Milliseconds write_time = kAnswerWriteTime;
  Milliseconds linger_time = kLingerTime;
  Milliseconds sweep_interval = 100ms;  // how late a limit of time may be noticed
};

// Several servers of this process (one a loop) may listen on the same port, and the kernel spreads the connections. The first
// of them takes the port as if it were alone, so that another process cannot share it; the others join it after it has started.
enum class PortUse : std::uint8_t { exclusive, first_of_several, joining };

// The share of `descriptors` that each of `servers` may use for connections: what goes out and files need the rest.
std::size_t connections_within(std::size_t descriptors, std::size_t servers);

// Whether a peer with `of_peer` connections gets no more while the server has `all`.
bool has_its_share(const HttpServerLimits& limits, std::size_t all, std::size_t of_peer);

// Whether requests may hold so many bytes, of all and of one peer: one has no more than a quarter once half is taken.
bool may_hold(const HttpServerLimits& limits, std::size_t all, std::size_t of_peer);

// Whom an address (in its usual text form) stands for: IPv6 clients have a whole /64.
std::string peer_of(std::string_view address);

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // an address, or "localhost"
  std::uint16_t port = 0;          // 0: any free port
  PortUse port_use = PortUse::exclusive;
  TlsFiles tls;
  HttpServerLimits limits;
};

class HttpServer {
 public:
  HttpServer(Loop& loop, HttpService& service, const Clock& clock, HttpServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Any thread. Binds and listens before it returns; errors name host and port.
  Status start();
  std::uint16_t port() const;  // the real one

  // Reads the certificate files again; a bad file keeps the old ones and is an error. Any thread.
  Status reload_tls();

  // The beginning of stop(): nothing new is accepted, and connections without a request are closed. Any thread but the loop's.
  void begin_stop();
  // Stops accepting, lets requests that have begun finish (answers carry Connection: close), closes the rest, and returns
  // when no connection is left. When `grace` is over the connections are cut, and requests that still run are cancelled and
  // waited for: when it returns nothing of the server runs. Any thread but the loop's.
  void stop(std::chrono::milliseconds grace);

  std::size_t connections() const;
  std::size_t buffered_bytes() const;  // what limits.buffered_bytes_max bounds

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::net
