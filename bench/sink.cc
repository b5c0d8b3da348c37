// bench_sink: the endpoint of every measurement. A single-threaded epoll HTTP/1.1 server that costs as little as possible, so
// that what is measured is the sender. A measuring tool: it trusts its callers, and listens on loopback only.
//
//   bench_sink [--port N] [--addresses N]      prints "port N" when it listens; ends on SIGTERM
//
// --addresses N listens on N addresses (127.0.0.1, 127.0.0.2, …), so that N endpoints are N origins.
// Paths: /r/… answers 200 and records (webhook-id, arrival time); /hang… reads and never answers; /_/count, /_/arrivals,
// /_/reset are for the measuring script; anything else answers 200 and is only counted.
// Arrival times are CLOCK_MONOTONIC nanoseconds, taken when the request is complete.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::int64_t now_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && strncasecmp(left.data(), right.data(), left.size()) == 0;
}

// The value of a header in the head ("" when it is absent).
std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() > at + name.size() && head[at + name.size()] == ':' &&
        equal_ignoring_case(head.substr(at, name.size()), name)) {
      std::string_view value = head.substr(at + name.size() + 1);
      value = value.substr(0, value.find("\r\n"));
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      return value;
    }
  }
  return {};
}

std::size_t parse_number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

struct Connection {
  std::string in;
  std::string out;
  bool hanging = false;
  bool waiting_to_write = false;
};

class Sink {
 public:
  void listen_on(const std::string& address, std::uint16_t& port);
  void run();

 private:
  struct Arrival {
    std::string id;
    std::int64_t at;
  };

  void accept_from(int listener);
  void read_from(int socket);
  void write_to(int socket, Connection& connection);
  void close_connection(int socket);
  // How many bytes of `in` one complete request took; 0 when there is none yet.
  std::size_t take_request(std::string_view in, Connection& connection);
  void answer(std::string_view path, std::string_view head, Connection& connection);
  void answer_text(std::string_view body, Connection& connection);
  std::string arrivals_text() const;
  void watch(int socket, std::uint32_t events, int operation) const;

  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<int> listeners_;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::vector<Arrival> arrivals_;
  std::uint64_t requests_ = 0;
  std::uint64_t hanging_ = 0;
  std::vector<char> scratch_ = std::vector<char>(kReadBytes);
};

void Sink::watch(int socket, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = socket;
  if (epoll_ctl(epoll_, operation, socket, &event) != 0) fail("epoll_ctl");
}

void Sink::listen_on(const std::string& address, std::uint16_t& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener < 0) fail("socket");
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) fail("inet_pton");
  if (bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fail("bind");
  if (listen(listener, 1024) != 0) fail("listen");
  socklen_t size = sizeof name;
  getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
  port = ntohs(name.sin_port);
  watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  listeners_.push_back(listener);
}

void Sink::run() {
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events[static_cast<std::size_t>(index)];
      const int socket = event.data.fd;
      if (std::find(listeners_.begin(), listeners_.end(), socket) != listeners_.end()) {
        accept_from(socket);
      } else if ((event.events & EPOLLOUT) != 0) {
        if (const auto found = connections_.find(socket); found != connections_.end()) write_to(socket, *found->second);
      } else {
        read_from(socket);
      }
    }
  }
}

void Sink::accept_from(int listener) {
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[socket] = std::make_unique<Connection>();
    watch(socket, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void Sink::close_connection(int socket) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  if (found->second->hanging) --hanging_;
  connections_.erase(found);
  close(socket);
}

void Sink::read_from(int socket) {
  const auto found = connections_.find(socket);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  const ssize_t got = read(socket, scratch_.data(), scratch_.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_connection(socket);
    return;
  }
  std::string_view in(scratch_.data(), static_cast<std::size_t>(got));
  if (!connection.in.empty()) {
    connection.in.append(in);
    in = connection.in;
  }
  while (const std::size_t used = take_request(in, connection)) in.remove_prefix(used);
  connection.in = std::string(in);
  if (!connection.out.empty()) write_to(socket, connection);
}

void Sink::write_to(int socket, Connection& connection) {
  const ssize_t sent = write(socket, connection.out.data(), connection.out.size());
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    close_connection(socket);
    return;
  }
  connection.out.erase(0, sent > 0 ? static_cast<std::size_t>(sent) : 0);
  const bool waiting = !connection.out.empty();
  if (waiting != connection.waiting_to_write) watch(socket, waiting ? EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  connection.waiting_to_write = waiting;
}

std::size_t Sink::take_request(std::string_view in, Connection& connection) {
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const std::string_view head = in.substr(0, end + 2);
  const std::size_t total = end + 4 + parse_number(header(head, "content-length"));
  if (in.size() < total) return 0;
  const std::size_t path_begin = std::min(in.find(' ') + 1, end);
  const std::string_view path = in.substr(path_begin, in.find(' ', path_begin) - path_begin);
  answer(path, head, connection);
  return total;
}

void Sink::answer(std::string_view path, std::string_view head, Connection& connection) {
  if (path.starts_with("/_/")) {
    if (path == "/_/arrivals") {
      answer_text(arrivals_text(), connection);
    } else if (path == "/_/reset") {
      arrivals_.clear();
      requests_ = 0;
      answer_text("{}", connection);
    } else {
      answer_text("{\"requests\":" + std::to_string(requests_) + ",\"recorded\":" + std::to_string(arrivals_.size()) +
                      ",\"hanging\":" + std::to_string(hanging_) + ",\"connections\":" + std::to_string(connections_.size()) +
                      "}",
                  connection);
    }
    return;
  }
  if (path.starts_with("/hang")) {
    if (!connection.hanging) ++hanging_;
    connection.hanging = true;
    return;
  }
  ++requests_;
  if (path.starts_with("/r/")) arrivals_.push_back({std::string(header(head, "webhook-id")), now_nanoseconds()});
  connection.out.append(kAnswer);
}

void Sink::answer_text(std::string_view body, Connection& connection) {
  connection.out.append("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n").append(body);
}

std::string Sink::arrivals_text() const {
  std::string text;
  for (const Arrival& arrival : arrivals_) text.append(arrival.id + " " + std::to_string(arrival.at) + "\n");
  return text;
}

void raise_open_files_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::optional<std::size_t> number_option(int count, char** arguments, std::string_view name) {
  for (int index = 1; index + 1 < count; ++index) {
    if (name == arguments[index]) return parse_number(arguments[index + 1]);
  }
  return std::nullopt;
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_open_files_limit();
  auto port = static_cast<std::uint16_t>(number_option(count, arguments, "--port").value_or(0));
  const std::size_t addresses = number_option(count, arguments, "--addresses").value_or(1);
  Sink sink;
  for (std::size_t index = 0; index < addresses; ++index) {
    sink.listen_on("127.0." + std::to_string(index / 250) + "." + std::to_string(index % 250 + 1), port);
  }
  std::printf("port %u\n", port);
  std::fflush(stdout);
  sink.run();
}
