#include "net/dns_for_tests.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace posthorn::net {
namespace {

constexpr std::size_t kUdpAnswerMax = 512;
constexpr std::size_t kTcpAnswerMax = 65535;
constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kCname = 5;
constexpr std::uint16_t kAaaa = 28;

std::string number16(std::size_t value) { return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)}; }
std::string number32(std::uint32_t value) { return number16(value >> 16) + number16(value & 0xffff); }

std::string encoded(const std::string& name) {
  std::string bytes;
  for (std::size_t from = 0; from < name.size();) {
    const auto dot = std::min(name.find('.', from), name.size());
    bytes += static_cast<char>(dot - from) + name.substr(from, dot - from);
    from = dot + 1;
  }
  return bytes + '\0';
}

std::string record(const std::string& owner, std::uint16_t type, std::uint32_t time_to_live, const std::string& data) {
  return owner + number16(type) + number16(1) + number32(time_to_live) + number16(data.size()) + data;
}

std::string packed(int family, const std::string& text) {
  std::string bytes(family == AF_INET ? 4 : 16, '\0');
  POSTHORN_CHECK(inet_pton(family, text.c_str(), bytes.data()) == 1);
  return bytes;
}

}  // namespace

// The same port for both protocols: another is tried while somebody else has the UDP one.
void DnsStub::open() {
  for (;;) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&place);
    socklen_t size = sizeof place;
    tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    POSTHORN_CHECK(::bind(tcp_, address, sizeof place) == 0 && ::listen(tcp_, 16) == 0);
    POSTHORN_CHECK(::getsockname(tcp_, address, &size) == 0);
    udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    port_ = ntohs(place.sin_port);
    if (::bind(udp_, address, sizeof place) == 0) return;
    ::close(udp_);
    ::close(tcp_);
  }
}

DnsStub::DnsStub() {
  open();
  thread_ = std::thread([this] { serve(); });
}

DnsStub::~DnsStub() {
  stopping_ = true;
  thread_.join();
  ::close(udp_);
  ::close(tcp_);
}

void DnsStub::set_sequence(const std::string& name, std::vector<Answer> answers) {
  const std::lock_guard lock(mutex_);
  answers_[name] = std::move(answers);
}

int DnsStub::queries(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return asked_[name];
}

std::size_t DnsStub::names_asked() {
  const std::lock_guard lock(mutex_);
  return asked_.size();
}

void DnsStub::serve() {
  while (!stopping_) {
    pollfd waits[] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
    if (::poll(waits, 2, 10) <= 0) continue;
    if ((waits[1].revents & POLLIN) != 0) serve_tcp();
    if ((waits[0].revents & POLLIN) == 0) continue;
    char bytes[1500];
    sockaddr_in from{};
    socklen_t from_size = sizeof from;
    const auto size = ::recvfrom(udp_, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 17) continue;
    const auto answer = respond({bytes, static_cast<std::size_t>(size)}, kUdpAnswerMax);
    if (!answer.empty()) ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from), from_size);
  }
}

// One query a connection.
void DnsStub::serve_tcp() {
  const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  ++tcp_queries_;
  std::string bytes;
  char piece[1500];
  while (bytes.size() < 2 ||
         bytes.size() < 2U + static_cast<unsigned char>(bytes[1]) + 256U * static_cast<unsigned char>(bytes[0])) {
    const auto size = ::recv(fd, piece, sizeof piece, 0);
    if (size <= 0) break;
    bytes.append(piece, static_cast<std::size_t>(size));
  }
  if (bytes.size() > 2 + 17) {
    const auto answer = respond(std::string_view(bytes).substr(2), kTcpAnswerMax);
    const auto framed = number16(answer.size()) + answer;
    (void)::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
  }
  ::close(fd);
}

const DnsStub::Answer& DnsStub::next_answer(const std::string& name, bool is_v4) {
  static const Answer none{.code = Code::no_such_name};
  ++asked_[name];
  const auto found = answers_.find(name);
  if (found == answers_.end()) return none;
  static thread_local Answer current;
  current = found->second.front();
  if (is_v4 && found->second.size() > 1) found->second.erase(found->second.begin());
  return current;
}

std::string DnsStub::respond(std::string_view query, std::size_t size_max) {
  std::string name;
  std::size_t at = 12;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<std::size_t>(query[at]);
    if (!name.empty()) name += '.';
    name += query.substr(at + 1, length);
    at += 1 + length;
  }
  const auto question = query.substr(12, at + 5 - 12);
  const auto type = static_cast<unsigned char>(question[question.size() - 3]);

  const std::lock_guard lock(mutex_);
  const Answer& answer = next_answer(name, type == kA);
  if (answer.silent) return {};
  auto code = answer.code;
  if (type == kAaaa && answer.v6_fails) code = Code::server_failure;

  std::string records;
  std::size_t count = 0;
  std::string owner = "\xc0\x0c";  // the question's name
  if (code == Code::success && !answer.alias_of.empty()) {
    records += record(owner, kCname, answer.time_to_live, encoded(answer.alias_of));
    owner = encoded(answer.alias_of);
    ++count;
  }
  const auto& texts = type == kA ? answer.v4 : answer.v6;
  if (code == Code::success && (type == kA || type == kAaaa)) {
    for (const auto& text : texts)
      records += record(owner, type, answer.time_to_live, packed(type == kA ? AF_INET : AF_INET6, text));
    count += texts.size();
  }
  const bool cut = 12 + question.size() + records.size() > size_max;
  const auto flags = static_cast<std::size_t>(0x8180U | (cut ? 0x0200U : 0U) | static_cast<unsigned>(code));
  return std::string(query.substr(0, 2)) + number16(flags) + number16(1) + number16(cut ? 0 : count) + number16(0) +
         number16(0) + std::string(question) + (cut ? std::string() : records);
}

}  // namespace posthorn::net
