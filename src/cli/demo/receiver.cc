#include "cli/demo/receiver.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace posthorn::cli::demo {
namespace {

std::uint32_t fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

}  // namespace

int refusals_for(std::string_view id) {
  const auto hash = fnv1a(id);
  if (hash % 25 == 0) return 2;
  return hash % 5 == 0 ? 1 : 0;
}

Receiver::Receiver(std::string name, Temper temper)
    : name_(std::move(name)), temper_(temper), endpoint_([this](Arrival arrival) { return take(std::move(arrival)); }) {}

Status Receiver::reserve() {
  Descriptor socket_number(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket_number) return system_error("Cannot make a socket for", name_);
  const int yes = 1;
  setsockopt(socket_number.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(socket_number.get(), generic, size) != 0 || getsockname(socket_number.get(), generic, &size) != 0) {
    return system_error("Cannot take a port for", name_);
  }
  port_ = ntohs(address.sin_port);
  reserved_ = std::move(socket_number);
  return {};
}

Status Receiver::open() {
  reserved_.reset();
  if (auto status = endpoint_.start("127.0.0.1", port_); !status) return status;
  is_open_ = true;
  return {};
}

int Receiver::take(Arrival arrival) {
  const std::lock_guard lock(mutex_);
  std::string id(arrival.header("webhook-id"));
  const int tries = ++tries_[id];
  const int refusals = temper_ == Temper::flaky ? refusals_for(id) : 0;
  const int status = tries <= refusals ? 500 : 200;
  ++counts_.requests;
  if (status == 500) ++counts_.refused;
  if (tries == refusals + 1) ++counts_.distinct;
  received_.push_back({std::move(arrival), std::move(id), status});
  return status;
}

Receiver::Counts Receiver::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace posthorn::cli::demo
