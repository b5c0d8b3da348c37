// HttpServer: accepts HTTP/1.1 connections on one loop and hands complete requests to an HttpService.
//
// Place: app makes one per in-loop (SO_REUSEPORT spreads connections when there are several); api/kit is the service.
// Framing is strict (llhttp, strict mode, plus our own checks): conflicting or repeated Content-Length, Transfer-Encoding
//   with Content-Length, bare CR or LF, space before the colon and the like are 400 and close.
// One buffer per connection, reused; requests are parsed in place and handled one at a time in the order they came
//   (pipelining). gzip request bodies are decoded under the same body limit.
// Limits: base/limits.h, "incoming HTTP". They hold while reading, not after.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
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
  // Called when a head is complete, before any of the body is read: how large a body may be for it.
  virtual std::size_t body_bytes_max(const HttpRequest& head) = 0;
  // One call per request. Must not throw (api/kit's funnel sees to it). The request's views are valid until it returns.
  virtual Task<HttpResponse> handle(const HttpRequest& request) = 0;
  // The body for an error that the server itself finds (400, 408, 413, 414, 417, 431, 503); `detail` is for people.
  virtual HttpResponse refuse(int status, std::string_view detail) = 0;
};

struct TlsFiles {
  std::string certificate_file;  // PEM chain; empty: plain HTTP
  std::string key_file;
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free port
  TlsFiles tls;
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

  // Stops accepting, lets requests that have begun finish (answers carry Connection: close), closes the rest, and returns
  // when no connection is left or `grace` is over. Any thread but the loop's.
  void stop(std::chrono::milliseconds grace);

  std::size_t connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace posthorn::net
