// TestEndpoint: a raw TCP server on loopback that does to each connection what a test's script says. For tests only.
//
// One thread a connection, so that scripts read like conversations. Nothing here speaks HTTP correctly unless told to.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace posthorn::net {

// One accepted connection. All waits end when the client closes, or after a generous time.
class TestPeer {
 public:
  TestPeer(int fd, int number) : fd_(fd), number_(number) {}
  TestPeer(const TestPeer&) = delete;
  TestPeer& operator=(const TestPeer&) = delete;

  int number() const { return number_; }  // of the connection: 1, 2, …
  int descriptor() const { return fd_; }

  // The size of the request that `bytes` begins with, when it is there whole.
  static std::optional<std::size_t> whole_request(std::string_view bytes);
  // A head and as much body as its Content-Length says; nothing when the client closed first.
  std::optional<std::string> read_request();
  // At least one byte, or nothing when the client closed.
  std::string read_some();
  void read_exactly(std::size_t size);
  // False when the client is gone.
  bool send(std::string_view bytes);
  // One byte after another until all are sent or the client is gone.
  void drip(std::string_view bytes, std::chrono::milliseconds pause);
  // Again and again until the client is gone; the bytes that it took.
  std::size_t send_for_ever(std::string_view bytes);
  void wait_for_close();
  // Whether the client closes within the time.
  bool closes_within(std::chrono::milliseconds time);
  void shut_writing();
  void reset();  // RST instead of FIN

 private:
  int fd_;
  int number_;
  std::string unread_;
};

class TestEndpoint {
 public:
  using Script = std::function<void(TestPeer&)>;

  // The connection is closed when the script returns.
  explicit TestEndpoint(Script script, const char* address = "127.0.0.1", std::uint16_t port = 0);
  ~TestEndpoint();
  TestEndpoint(const TestEndpoint&) = delete;
  TestEndpoint& operator=(const TestEndpoint&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
  }
  int connections() const { return accepted_; }

 private:
  void accept_all();

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // guards the two below
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A listening socket that takes no connection and whose queue is full: SYNs are not answered.
class DeafEndpoint {
 public:
  DeafEndpoint();
  ~DeafEndpoint();
  DeafEndpoint(const DeafEndpoint&) = delete;
  DeafEndpoint& operator=(const DeafEndpoint&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  std::vector<int> fds_;
  std::uint16_t port_ = 0;
};

}  // namespace posthorn::net
