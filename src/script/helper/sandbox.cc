#include "script/helper/sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace posthorn::script {
namespace {

std::string failure(const std::string& what, int error) { return what + ": " + std::strerror(error); }

struct Usage {
  std::size_t address_space = 0;
  std::size_t data = 0;
};

// What the process has now, from /proc/self/status ("VmData:     1234 kB").
std::optional<Usage> usage() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/status", "re"), std::fclose);
  if (!file) return std::nullopt;
  Usage found;
  std::array<char, 256> line{};
  while (std::fgets(line.data(), line.size(), file.get()) != nullptr) {
    unsigned long kilobytes = 0;
    if (std::sscanf(line.data(), "VmSize: %lu kB", &kilobytes) == 1) found.address_space = kilobytes * 1024;
    if (std::sscanf(line.data(), "VmData: %lu kB", &kilobytes) == 1) found.data = kilobytes * 1024;
  }
  if (found.address_space == 0 || found.data == 0) return std::nullopt;
  return found;
}

bool limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): the C library's type of a resource
  return setrlimit(static_cast<__rlimit_resource>(resource), &both) == 0;
}

std::optional<std::string> limit_resources(std::size_t memory_bytes) {
  const auto now = usage();
  if (!now) return "reading /proc/self/status failed";
  for (const int resource : {RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NPROC, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE}) {
    if (!limit(resource, 0)) return failure("setting a limit", errno);
  }
  // No descriptor can be added to those that are open.
  if (!limit(RLIMIT_NOFILE, kHelperSocket + 1)) return failure("limiting descriptors", errno);
#if POSTHORN_SANITIZED
  // Sanitizers keep shadow memory of many terabytes and allocate beside malloc: the memory limit is left out, and with it the
  // endings `memory` that it brings.
  (void)memory_bytes;
#else
  // Data is what a script makes grow. Address space stands beside it as a second wall, with room for what is reserved only.
  if (!limit(RLIMIT_DATA, now->data + memory_bytes)) return failure("limiting memory", errno);
  if (!limit(RLIMIT_AS, now->address_space + 2 * memory_bytes)) return failure("limiting address space", errno);
#endif
  return std::nullopt;
}

using Filter = std::unique_ptr<void, void (*)(scmp_filter_ctx)>;

// Calls that both engines, the allocator and the C library make while they compute.
constexpr std::array kAllowed{
    SCMP_SYS(munmap),
    SCMP_SYS(madvise),
    SCMP_SYS(mremap),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(setitimer),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getrusage),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// The C library and ICU ask for files (time zones, processor counts) and do without when they get none.
constexpr std::array kRefused{
    SCMP_SYS(open),     SCMP_SYS(openat),     SCMP_SYS(access),     SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(stat),     SCMP_SYS(lstat),      SCMP_SYS(newfstatat), SCMP_SYS(statx),     SCMP_SYS(fstat),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),     SCMP_SYS(ioctl),     SCMP_SYS(fcntl),
    SCMP_SYS(lseek),    SCMP_SYS(prctl),      SCMP_SYS(sysinfo),    SCMP_SYS(uname),     SCMP_SYS(sched_getaffinity),
};

// The library's macros for it are C only. For SCMP_CMP_MASKED_EQ `value` is the mask.
scmp_arg_cmp argument(unsigned index, scmp_compare how, scmp_datum_t value, scmp_datum_t masked = 0) {
  return {index, how, value, masked};
}

int add_rules(scmp_filter_ctx filter) {
  for (const int call : kAllowed) {
    if (const int error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); error != 0) return error;
  }
  for (const int call : kRefused) {
    if (const int error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call, 0); error != 0) return error;
  }
  const auto allow = [filter](int call, const scmp_arg_cmp& condition) {
    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition);
  };
  // Memory that is or becomes executable is never given.
  const scmp_arg_cmp not_executable = argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  int error = allow(SCMP_SYS(mmap), not_executable);
  if (error == 0) error = allow(SCMP_SYS(mprotect), not_executable);
  if (error == 0) error = allow(SCMP_SYS(read), argument(0, SCMP_CMP_EQ, kHelperSocket));
  // What ends an engine that finds itself broken.
  const scmp_arg_cmp itself = argument(0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()));
  const scmp_arg_cmp abort = argument(2, SCMP_CMP_EQ, SIGABRT);
  const std::array abort_itself{itself, abort};
  if (error == 0) error = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2, abort_itself.data());
  // Standard output and error are /dev/null.
  if (error == 0) error = allow(SCMP_SYS(write), argument(0, SCMP_CMP_LE, kHelperSocket));
  return error;
}

}  // namespace

void shed_inheritance() {
  // Empty, but there: libjq reads it without asking.
  static char* no_variables[] = {nullptr};
  environ = no_variables;
  for (int descriptor = 0; descriptor < kHelperSocket; ++descriptor) {
    const int null = ::open("/dev/null", O_RDWR);
    if (null >= 0 && null != descriptor) {
      ::dup2(null, descriptor);
      ::close(null);
    }
  }
  ::close_range(kHelperSocket + 1, ~0U, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  umask(0777);
  std::signal(SIGPIPE, SIG_IGN);
}

std::optional<std::string> install_system_call_filter() {
  const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS), [](scmp_filter_ctx context) { seccomp_release(context); });
  if (!filter) return "seccomp is not available";
  int error = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  // The engine's own threads too.
  if (error == 0) error = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (error == 0) error = add_rules(filter.get());
  if (error == 0) error = seccomp_load(filter.get());
  if (error != 0) return failure("installing the system call filter", -error);
  return std::nullopt;
}

std::optional<std::string> close_sandbox(std::size_t memory_bytes) {
  if (auto problem = limit_resources(memory_bytes)) return problem;
  return install_system_call_filter();
}

}  // namespace posthorn::script
