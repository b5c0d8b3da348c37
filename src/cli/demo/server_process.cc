#include "cli/demo/server_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "cli/durable_file.h"

namespace posthorn::cli::demo {
namespace {

constexpr auto kStopTime = std::chrono::seconds(25);
constexpr auto kLookEvery = std::chrono::milliseconds(20);

Result<std::uint16_t> free_port() {
  const Descriptor number(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!number || bind(number.get(), generic, size) != 0 || getsockname(number.get(), generic, &size) != 0) {
    return system_error("Cannot find a free port on", "127.0.0.1");
  }
  return ntohs(address.sin_port);
}

}  // namespace

ServerProcess::~ServerProcess() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Status ServerProcess::start(const std::string& data_dir, const std::string& log_file, const std::string& admin_key) {
  auto port = free_port();
  if (!port) return port.error();
  port_ = *port;
  const Descriptor log(open(log_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!log) return system_error("Cannot write", log_file);
  const std::string listen = "127.0.0.1:" + std::to_string(port_);
  const std::array<const char*, 9> arguments{"posthorn",     "serve",        "--data",      data_dir.c_str(), "--listen",
                                             listen.c_str(), "--allow-peer", "127.0.0.0/8", nullptr};
  const std::string key = "POSTHORN_ADMIN_KEY=" + admin_key;
  const std::array<const char*, 2> environment{key.c_str(), nullptr};
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ < 0) return system_error("Cannot start", "the server");
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    setpgid(0, 0);  // Ctrl-C is for the demo, which stops the server itself
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    dup2(log.get(), STDOUT_FILENO);
    dup2(log.get(), STDERR_FILENO);
    execve("/proc/self/exe", const_cast<char* const*>(arguments.data()), const_cast<char* const*>(environment.data()));
    _exit(127);
  }
  return {};
}

bool ServerProcess::has_ended() {
  if (process_ <= 0) return true;
  int status = 0;
  if (waitpid(process_, &status, WNOHANG) != process_) return false;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  process_ = -1;
  return true;
}

int ServerProcess::stop() {
  if (has_ended()) return exit_code_;
  kill(process_, SIGTERM);
  for (const auto until = std::chrono::steady_clock::now() + kStopTime; std::chrono::steady_clock::now() < until;) {
    if (has_ended()) return exit_code_;
    std::this_thread::sleep_for(kLookEvery);
  }
  return -1;
}

}  // namespace posthorn::cli::demo
