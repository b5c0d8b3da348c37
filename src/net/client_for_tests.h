// TestClient: an HttpClient on a loop of its own, called from the test's thread. For tests only.
#pragma once

#include <optional>
#include <string>

#include "net/http_client.h"
#include "net/url.h"

namespace posthorn::net {

inline PeerFilter loopback_allowed() {
  return PeerFilter({Network::parse("127.0.0.0/8", "allow").value(), Network::parse("::1", "allow").value()});
}

inline HttpClientOptions loopback_options() {
  HttpClientOptions options;
  options.filter = loopback_allowed();
  return options;
}

struct TestRequest {
  std::string url;
  std::string method = "POST";
  std::string header_lines = "Content-Type: text/plain\r\n";
  std::string body = "hello";
  std::chrono::milliseconds time = std::chrono::seconds(20);
  std::shared_ptr<const ClientIdentity> identity = nullptr;
  bool wants_tls_facts = false;
};

class TestClient {
 public:
  explicit TestClient(HttpClientOptions options = loopback_options()) {
    loop_.start();
    client_.emplace(loop_, clock_, std::move(options));
  }
  ~TestClient() {
    run_on(loop_, [this]() -> Task<void> {
      client_->close();
      co_return;
    });
    loop_.stop();
    client_.reset();
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  static Task<SendResult> send_on_loop(HttpClient& client, const Url& url, const TestRequest& request) {
    const ClientRequest wire{&url,         request.method,   request.header_lines,
                             request.body, request.identity, request.wants_tls_facts};
    co_return co_await client.send(wire, std::chrono::steady_clock::now() + request.time);
  }

  SendResult send(const TestRequest& request) {
    const auto url = parse_url(request.url, "url").value();
    std::optional<SendResult> result;
    run_on(loop_, [&]() -> Task<void> { result.emplace(co_await send_on_loop(*client_, url, request)); });
    return std::move(*result);
  }
  std::size_t idle_connections() {
    std::size_t count = 0;
    run_on(loop_, [&]() -> Task<void> {
      count = client_->idle_connections();
      co_return;
    });
    return count;
  }

  Loop& loop() { return loop_; }
  HttpClient& client() { return *client_; }

 private:
  SystemClock clock_;
  Loop loop_{"client"};
  std::optional<HttpClient> client_;
};

}  // namespace posthorn::net
