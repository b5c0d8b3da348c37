#include "script/helper_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace posthorn::script {
namespace {

constexpr int kSocketInHelper = 3;

SteadyTime now() { return std::chrono::steady_clock::now(); }

Outcome outcome(Ending ending, std::string message) {
  Outcome made;
  made.ending = ending;
  made.message = std::move(message);
  return made;
}

Error cannot_start(std::string_view what, int error) {
  return unavailable("the script helper cannot be started: " + std::string(what) + ": " + std::strerror(error));
}

}  // namespace

HelperProcess::HelperProcess(std::string file, std::size_t memory_bytes, int stop)
    : file_(std::move(file)), memory_bytes_(memory_bytes), stop_(stop) {}

HelperProcess::~HelperProcess() { close(); }

bool HelperProcess::running() const {
  // Between calls there is nothing to read: bytes are as bad a sign as the end.
  std::array<char, 1> peek{};
  return process_ > 0 && ::recv(socket_, peek.data(), 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

Status HelperProcess::start() {
  close();
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return cannot_start("socketpair", errno);
  socket_ = pair[0];
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  auto spawned = spawn(pair[1]);
  ::close(pair[1]);
  if (!spawned) {
    close();
    return spawned;
  }
  Outcome why;
  const auto ready = answer(0, now() + kScriptHelperStartTime, why);
  if (ready && ready->outcome.ok()) return {};
  close();
  return unavailable("the script helper did not start: " + (ready ? ready->outcome : why).message);
}

Status HelperProcess::spawn(int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, kSocketInHelper);
  posix_spawn_file_actions_addclosefrom_np(&actions, kSocketInHelper + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  // A group of its own: an interrupt from the terminal is for the server, which drains first.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  std::string memory = std::to_string(memory_bytes_);
  std::array<char*, 3> arguments{file_.data(), memory.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t process = 0;
  const int error = posix_spawn(&process, file_.c_str(), &actions, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return cannot_start(file_, error);
  process_ = process;
  return {};
}

HelperProcess::Wait HelperProcess::wait(short events, SteadyTime deadline) const {
  for (;;) {
    std::array<pollfd, 2> sources{pollfd{socket_, events, 0}, pollfd{stop_, POLLIN, 0}};
    const auto left = std::chrono::ceil<Milliseconds>(deadline - now()).count();
    const int ready = ::poll(sources.data(), sources.size(), static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready < 0 && errno == EINTR) continue;
    if (sources[1].revents != 0) return Wait::stopped;
    if (sources[0].revents != 0) return Wait::ready;
    if (now() >= deadline) return Wait::late;
  }
}

// `open`: false when the other side is gone.
HelperProcess::Wait HelperProcess::send(std::string_view bytes, SteadyTime deadline, bool& open) {
  open = true;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      open = false;
      return Wait::ready;
    } else if (const Wait waited = wait(POLLOUT, deadline); waited != Wait::ready) {
      return waited;
    }
  }
  return Wait::ready;
}

HelperProcess::Wait HelperProcess::receive(std::string& bytes, std::size_t size, SteadyTime deadline, bool& open) {
  constexpr std::size_t kStepBytes = 256 * 1024;  // what is not there yet takes no memory
  open = true;
  std::size_t have = 0;
  bytes.clear();
  while (have < size) {
    bytes.resize(std::min(size, have + kStepBytes));
    const ssize_t got = ::recv(socket_, bytes.data() + have, bytes.size() - have, 0);
    if (got > 0) {
      have += static_cast<std::size_t>(got);
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      open = false;
      return Wait::ready;
    } else if (const Wait waited = wait(POLLIN, deadline); waited != Wait::ready) {
      return waited;
    }
  }
  return Wait::ready;
}

std::optional<Answer> HelperProcess::answer(std::size_t output_bytes, SteadyTime deadline, Outcome& why) {
  const auto failed = [&](Wait waited, bool open) {
    if (waited == Wait::stopped) {
      why = outcome(Ending::unavailable, "the server is shutting down");
    } else if (waited == Wait::late) {
      why = outcome(Ending::timeout, "ran longer than its time");
    } else if (!open) {
      why = ended_by_itself();
    } else {
      return false;
    }
    return true;
  };
  std::string bytes;
  bool open = true;
  if (failed(receive(bytes, kFrameHeadBytes, deadline, open), open)) return std::nullopt;
  const auto length = frame_length(bytes, answer_bytes_max(output_bytes));
  if (length && failed(receive(bytes, *length, deadline, open), open)) return std::nullopt;
  auto decoded = length ? decode_answer(bytes) : std::nullopt;
  if (!decoded || decoded->outcome.value.size() > output_bytes) {
    why = outcome(Ending::crashed, "the script helper answered something else than it should");
    return std::nullopt;
  }
  return decoded;
}

Outcome HelperProcess::ask(const Request& request) {
  const SteadyTime begun = now();
  const SteadyTime deadline = begun + request.limits.time + kScriptKillGrace;
  Outcome result;
  bool open = true;
  const Wait sent = send(encode_request(request), deadline, open);
  auto answered = sent == Wait::ready && open ? answer(request.limits.output_bytes, deadline, result) : std::nullopt;
  if (answered) {
    result = std::move(answered->outcome);
  } else if (sent == Wait::stopped) {
    result = outcome(Ending::unavailable, "the server is shutting down");
  } else if (sent == Wait::late) {
    result = outcome(Ending::timeout, "ran longer than its time");
  } else if (!open) {
    result = ended_by_itself();
  }
  result.duration = std::chrono::duration_cast<std::chrono::microseconds>(now() - begun);
  if (!answered || answered->last) close();
  return result;
}

// The socket ended without an answer: what the process died of.
Outcome HelperProcess::ended_by_itself() {
  // Without effect on one that is dead already.
  if (process_ > 0) ::kill(process_, SIGKILL);
  const int status = reap();
  if (!WIFSIGNALED(status)) {
    return outcome(Ending::crashed,
                   "the script helper ended without an answer (status " + std::to_string(WEXITSTATUS(status)) + ")");
  }
  const int signal = WTERMSIG(status);
  if (signal == SIGSYS) return outcome(Ending::crashed, "it did what the sandbox forbids, and was ended");
  return outcome(Ending::crashed, "its helper was ended by a signal (" + std::string(::strsignal(signal)) + ")");
}

int HelperProcess::reap() {
  if (process_ <= 0) return 0;
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  return status;
}

void HelperProcess::close() {
  if (process_ > 0) ::kill(process_, SIGKILL);
  reap();
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

}  // namespace posthorn::script
