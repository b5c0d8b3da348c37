#include "net/endpoint_for_tests.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace posthorn::net {
namespace {

constexpr int kGenerousMs = 60'000;

struct Listener {
  int fd;
  std::uint16_t port;
};

Listener listen_on(const char* address, std::uint16_t port, int backlog) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  POSTHORN_CHECK(inet_pton(AF_INET, address, &place.sin_addr) == 1);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  POSTHORN_CHECK(fd >= 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  POSTHORN_CHECK(::bind(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0);
  POSTHORN_CHECK(::listen(fd, backlog) == 0);
  socklen_t size = sizeof place;
  POSTHORN_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&place), &size) == 0);
  return {fd, ntohs(place.sin_port)};
}

std::size_t content_length(std::string_view head) {
  const auto lower = to_ascii_lower(head);
  const auto at = lower.find("\r\ncontent-length: ");
  return at == std::string::npos ? 0 : std::stoul(lower.substr(at + 18));
}

}  // namespace

std::string TestPeer::read_some() {
  if (!unread_.empty()) return std::exchange(unread_, {});
  pollfd wait{fd_, POLLIN, 0};
  if (::poll(&wait, 1, kGenerousMs) <= 0) return {};
  char bytes[65536];
  const auto size = ::recv(fd_, bytes, sizeof bytes, 0);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}

std::optional<std::size_t> TestPeer::whole_request(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto size = end + 4 + content_length(bytes.substr(0, end + 4));
  return bytes.size() < size ? std::nullopt : std::optional(size);
}

std::optional<std::string> TestPeer::read_request() {
  std::string request;
  for (;;) {
    if (const auto whole = whole_request(request)) {
      unread_ = request.substr(*whole);
      request.resize(*whole);
      return request;
    }
    const auto more = read_some();
    if (more.empty()) return std::nullopt;
    request += more;
  }
}

void TestPeer::read_exactly(std::size_t size) {
  while (size > 0) {
    auto more = read_some();
    if (more.empty()) return;
    if (more.size() > size) unread_ = more.substr(size);
    size -= std::min(size, more.size());
  }
}

bool TestPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void TestPeer::drip(std::string_view bytes, std::chrono::milliseconds pause) {
  for (const char& byte : bytes) {
    if (!send({&byte, 1}) || closes_within(pause)) return;
  }
}

std::size_t TestPeer::send_for_ever(std::string_view bytes) {
  std::size_t sent = 0;
  while (send(bytes)) sent += bytes.size();
  return sent;
}

bool TestPeer::closes_within(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd wait{fd_, POLLIN, 0};
    if (left < 0 || ::poll(&wait, 1, static_cast<int>(left)) <= 0) return false;
    char bytes[4096];
    if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
  }
}

void TestPeer::wait_for_close() { (void)closes_within(std::chrono::milliseconds(kGenerousMs)); }

void TestPeer::shut_writing() { ::shutdown(fd_, SHUT_WR); }

void TestPeer::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

TestEndpoint::TestEndpoint(Script script, const char* address, std::uint16_t port) : script_(std::move(script)) {
  const auto listener = listen_on(address, port, 128);
  listener_ = listener.fd;
  port_ = listener.port;
  acceptor_ = std::thread([this] { accept_all(); });
}

TestEndpoint::~TestEndpoint() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void TestEndpoint::accept_all() {
  while (!stopping_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;  // each write is a packet: none waits for the acknowledgement of the one before
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number = ++accepted_] {
      TestPeer peer(fd, number);
      script_(peer);
      const std::lock_guard closing(mutex_);
      std::erase(open_, fd);
      ::close(fd);
    });
  }
}

DeafEndpoint::DeafEndpoint() {
  const auto listener = listen_on("127.0.0.1", 0, 0);
  port_ = listener.port;
  fds_.push_back(listener.fd);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  place.sin_port = htons(port_);
  for (int i = 0; i < 8; ++i) {  // more than any kernel queues for a backlog of none
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    [[maybe_unused]] const int begun = ::connect(fd, reinterpret_cast<const sockaddr*>(&place), sizeof place);
    fds_.push_back(fd);
  }
}

DeafEndpoint::~DeafEndpoint() {
  for (const int fd : fds_) ::close(fd);
}

}  // namespace posthorn::net
