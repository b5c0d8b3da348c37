// A child installs the walls and does what a script must never do: the kernel ends it.
#include "script/helper/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace posthorn::script {
namespace {

// What the child did: its wait status.
int behind_walls(void (*act)()) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open("/dev/null", O_RDWR), kHelperSocket);
    if (install_system_call_filter()) ::_exit(99);
    act();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// The system call itself: a wrapper could do something else first.
template <long number, long... arguments>
void call() {
  ::syscall(number, arguments...);
}

struct Forbidden {
  const char* name;
  void (*act)();
};

TEST(Sandbox, EndsWhoDoesWhatIsForbidden) {
  const std::array forbidden{
      Forbidden{"socket", call<SYS_socket, AF_INET, SOCK_STREAM, 0>},
      Forbidden{"socketpair",
                [] {
                  std::array<int, 2> pair{};
                  ::syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair.data());
                }},
      Forbidden{"connect", call<SYS_connect, 3, 0, 0>},
      Forbidden{"execve",
                [] {
                  std::array<char*, 1> none{nullptr};
                  ::syscall(SYS_execve, "/bin/true", none.data(), none.data());
                }},
#ifdef SYS_fork
      Forbidden{"fork", call<SYS_fork>},
#endif
      Forbidden{"clone", call<SYS_clone, SIGCHLD, 0, 0, 0, 0>},
      Forbidden{"clone3", call<SYS_clone3, 0, 0>},
      Forbidden{"kill", [] { ::syscall(SYS_kill, ::syscall(SYS_getpid) - 1, SIGTERM); }},
      Forbidden{"kill of all", call<SYS_kill, -1, 0>},
      Forbidden{"signal to another", call<SYS_tgkill, 1, 1, SIGABRT>},
      Forbidden{"ptrace", call<SYS_ptrace, PTRACE_TRACEME, 0, 0, 0>},
      Forbidden{"memory of another", call<SYS_process_vm_readv, 1, 0, 0, 0, 0, 0>},
      Forbidden{"dup", call<SYS_dup, 3>},
      Forbidden{"sendmsg", call<SYS_sendmsg, 3, 0, 0>},
      Forbidden{"pipe", call<SYS_pipe2, 0, 0>},
      Forbidden{"rename", call<SYS_renameat2, AT_FDCWD, 0, AT_FDCWD, 0, 0>},
      Forbidden{"unlink", call<SYS_unlinkat, AT_FDCWD, 0, 0>},
      Forbidden{"mount", call<SYS_mount, 0, 0, 0, 0, 0>},
      Forbidden{"bpf", call<SYS_bpf, 0, 0, 0>},
      Forbidden{"io_uring", call<SYS_io_uring_setup, 1, 0>},
      Forbidden{"userfaultfd", call<SYS_userfaultfd, 0>},
      Forbidden{"limits", call<SYS_prlimit64, 0, 0, 0, 0>},
      Forbidden{"read of another file", call<SYS_read, 5, 0, 0>},
      Forbidden{"write to another file", call<SYS_write, 5, 0, 0>},
      Forbidden{"executable memory",
                [] { ::syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
      Forbidden{"memory made executable",
                [] {
                  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                  ::syscall(SYS_mprotect, page, 4096, PROT_READ | PROT_EXEC);
                }},
  };
  for (const auto& one : forbidden) {
    const int status = behind_walls(one.act);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << one.name << ": status " << status;
  }
}

TEST(Sandbox, RefusesFiles) {
  const int status = behind_walls([] {
    const bool refused = ::open("/dev/null", O_RDONLY) < 0 && errno == EACCES && ::access("/", F_OK) < 0 && errno == EACCES;
    ::_exit(refused ? 0 : 1);
  });
  EXPECT_EQ(status, 0);
}

TEST(Sandbox, LeavesWhatComputingNeeds) {
  const int status = behind_walls([] {
    void* memory = std::malloc(std::size_t{32} << 20);
    static_cast<char*>(memory)[1 << 20] = 1;
    std::free(memory);
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    ::_exit(::write(kHelperSocket, "x", 1) == 1 ? 7 : 1);
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(Sandbox, LetsAProcessEndItself) {
  const int status = behind_walls([] { ::raise(SIGABRT); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(Sandbox, HoldsForThreadsThatWereThereBefore) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<bool> closed{false};
    std::thread early([&] {
      while (!closed) std::this_thread::yield();
      ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    });
    if (install_system_call_filter()) ::_exit(99);
    closed = true;
    early.join();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

}  // namespace
}  // namespace posthorn::script
