// For tests of the HTTP server: a service that says what it got, a client that sends raw bytes, a reader of raw answers.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/eventually_for_tests.h"
#include "net/http_server.h"

namespace posthorn::net {

// Answers every request with a line that holds what it understood.
class EchoService : public HttpService {
 public:
  static constexpr std::size_t kBodyBytesMax = 100'000;

  std::size_t body_bytes_max(const HttpRequest& head) override { return head.path == "/small" ? 10 : kBodyBytesMax; }

  Task<HttpResponse> handle(const HttpRequest& request) override {
    ++handled;
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = describe(request);
    if (request.path == "/smuggled") ++smuggled;
    if (request.path == "/large") response.body.assign(8 * 1024 * 1024, 'x');
    if (request.path == "/nothing") {
      response.status = 204;
      response.body.clear();
    }
    if (request.path == "/bye") response.close = true;
    if (request.path == "/throw") throw std::runtime_error("thrown by the test");
    if (request.path == "/bad-header") response.headers.push_back({"X-Split", "a\r\nX-Injected: b"});
    co_return response;
  }

  std::optional<HttpResponse> refuse_early(const HttpRequest& head) override {
    if (head.path != "/unwanted") return std::nullopt;
    HttpResponse response;
    response.status = 403;
    response.body = "unwanted";
    return response;
  }

  HttpResponse refuse(int status, std::string_view detail, const HttpRequest*) override {
    HttpResponse response;
    response.status = status;
    response.body = detail;
    return response;
  }

  static std::string describe(const HttpRequest& request) {
    std::string text(request.method);
    for (const auto part : {request.path, request.query, request.body.substr(0, 1000)}) text.append(" ").append(part);
    text.append(" [").append(std::to_string(request.body.size())).append("]");
    for (const auto& header : request.headers) {
      if (header.name.starts_with("X-")) text.append(" ").append(header.name).append("=").append(header.value).append(";");
    }
    return text;
  }

  std::atomic<int> handled{0};
  std::atomic<int> smuggled{0};
};

struct RawAnswer {
  int status = 0;
  std::string head;
  std::string body;

  // The value of the header, or "(none)".
  std::string header(std::string_view name) const {
    const auto key = "\r\n" + std::string(name) + ": ";
    const auto at = head.find(key);
    if (at == std::string::npos) return "(none)";
    const auto begin = at + key.size();
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

// Reads one answer off the front of `bytes`; nothing when it is not complete. An answer to HEAD has no body.
inline std::optional<RawAnswer> take_answer(std::string& bytes, bool to_head = false) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string::npos || !bytes.starts_with("HTTP/1.1 ") || end < 12) return std::nullopt;
  RawAnswer answer;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, answer.status);
  answer.head = bytes.substr(0, end + 2);
  std::size_t size = 0;
  if (const auto length = answer.header("Content-Length"); !to_head && length != "(none)") size = std::stoul(length);
  if (bytes.size() < end + 4 + size) return std::nullopt;
  answer.body = bytes.substr(end + 4, size);
  bytes.erase(0, end + 4 + size);
  return answer;
}

// A blocking socket. Every wait ends after a generous time.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : RawClient() { connect(port); }
  // From another address of this machine: 127.0.0.`host`.
  RawClient(std::uint16_t port, std::uint8_t host) : RawClient() {
    const auto from = loopback(0, host);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
    connect(port);
  }
  RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval generous{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &generous, sizeof generous);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &generous, sizeof generous);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void connect(std::uint16_t port) {
    const auto address = loopback(port, 1);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  // What the server does not take any more is not sent: it may have closed already.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_output() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int fd() const { return fd_; }

  // One complete answer; status 0 when the connection ends or is silent for too long before there is one.
  RawAnswer answer(bool to_head = false) {
    for (;;) {
      if (auto complete = take_answer(bytes_, to_head)) return *complete;
      if (!receive()) return {};
    }
  }

  // Reads until the server closes. False: it did not.
  bool closed_by_server() {
    while (receive()) {
    }
    return ended_;
  }
  // What came and is not yet taken.
  std::string& bytes() { return bytes_; }

 private:
  static sockaddr_in loopback(std::uint16_t port, std::uint8_t host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl((127U << 24U) | host);
    return address;
  }

  bool receive() {
    char buffer[16 * 1024];
    const auto count = ::recv(fd_, buffer, sizeof buffer, 0);
    ended_ = count == 0;
    if (count <= 0) return false;
    bytes_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  std::string bytes_;
  bool ended_ = false;
};

// Clients of a busy machine read their answers late.
inline HttpServerOptions patient_options() {
  HttpServerOptions options;
  options.limits.linger_time = std::chrono::seconds(60);
  return options;
}

// A loop, a service and a started server.
struct RunningServer {
  explicit RunningServer(HttpServerOptions options = patient_options()) : server(loop, service, clock, std::move(options)) {
    loop.start();
    const auto status = server.start();
    EXPECT_TRUE(status) << (status ? "" : status.error().message);
  }
  ~RunningServer() {
    server.stop(Milliseconds(0));
    loop.stop();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::uint16_t port() const { return server.port(); }

  SystemClock clock;
  Loop loop{"test"};
  EchoService service;
  HttpServer server;
};

// Moves the clock of a server by a step every few milliseconds, until it is destroyed: each of the server's times ends, but
// none before the test wants it.
class ClockMover {
 public:
  ClockMover(Loop& loop, ManualClock& clock, std::chrono::seconds step)
      : thread_([this, &loop, &clock, step] {
          while (!done_) {
            run_on(loop, [&clock, step]() -> Task<void> {
              clock.advance(step);
              co_return;
            });
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
          }
        }) {}
  ~ClockMover() {
    done_ = true;
    thread_.join();
  }
  ClockMover(const ClockMover&) = delete;
  ClockMover& operator=(const ClockMover&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace posthorn::net
