#include "cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace posthorn::cli {

namespace {

int poll_time(std::optional<std::chrono::milliseconds> time) {
  return time ? static_cast<int>(std::clamp<std::int64_t>(time->count(), 0, 1'000'000)) : -1;
}

}  // namespace

bool Stop::requested() const { return wait(std::chrono::milliseconds(0)); }

bool Stop::wait(std::optional<std::chrono::milliseconds> time) const {
  pollfd poll_for{descriptor(), POLLIN, 0};
  return poll(&poll_for, 1, poll_time(time)) == 1;
}

bool wait_for_either(const Stop& left, const Stop& right, std::optional<std::chrono::milliseconds> time) {
  std::array<pollfd, 2> poll_for{{{left.descriptor(), POLLIN, 0}, {right.descriptor(), POLLIN, 0}}};
  return poll(poll_for.data(), poll_for.size(), poll_time(time)) > 0;
}

StopSignal::StopSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  POSTHORN_CHECK(pthread_sigmask(SIG_BLOCK, &signals, &before_) == 0);
  Descriptor descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  POSTHORN_CHECK(static_cast<bool>(descriptor));
  set_descriptor(std::move(descriptor));
}

// What came is taken, so that it does not end the process after all.
StopSignal::~StopSignal() {
  signalfd_siginfo came{};
  while (read(descriptor(), &came, sizeof came) == sizeof came) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

StopSwitch::StopSwitch() {
  Descriptor descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  POSTHORN_CHECK(static_cast<bool>(descriptor));
  set_descriptor(std::move(descriptor));
}

void StopSwitch::request() {
  const std::uint64_t one = 1;
  POSTHORN_CHECK(write(descriptor(), &one, sizeof one) == sizeof one);
}

}  // namespace posthorn::cli
