#include "script/helper/emergency.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "script/protocol.h"

namespace posthorn::script {
namespace {

constexpr auto kStopTime = Milliseconds(kScriptKillGrace) / 2;  // from the interrupt to the end of the process

std::array<std::string, 3> answers;
int answer_socket = -1;
std::uintptr_t stack_top = 0;
std::size_t stack_bytes_max = 0;
std::atomic<bool> time_is_over{false};
std::atomic<void (*)()> interrupt_run{nullptr};

extern "C" void on_time_over(int) {
  const int saved = errno;
  if (time_is_over.exchange(true)) end_with(Emergency::timeout);
  if (const auto interrupt = interrupt_run.load()) {
    interrupt();
  } else {
    end_with(Emergency::timeout);
  }
  errno = saved;
}

// A fault near the end of the stack is a recursion without end; any other one is the engine's own fault and ends as a crash.
extern "C" void on_fault(int number, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  constexpr std::size_t kNear = 1024 * 1024;
  const bool in_stack =
      address < stack_top && stack_top - address > stack_bytes_max - kNear && stack_top - address < stack_bytes_max + kNear;
  if (in_stack) end_with(Emergency::nesting);
  std::signal(number, SIG_DFL);
}

void handle(int number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  sigaction(number, &action, nullptr);
}

void watch_the_stack() {
  rlimit limit{};
  getrlimit(RLIMIT_STACK, &limit);
  stack_bytes_max = limit.rlim_cur == RLIM_INFINITY ? std::size_t{1} << 40 : static_cast<std::size_t>(limit.rlim_cur);
  stack_top = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  constexpr std::size_t kHandlerStackBytes = 64 * 1024;
  stack_t stack = {};
  stack.ss_sp = std::malloc(kHandlerStackBytes);
  stack.ss_size = kHandlerStackBytes;
  sigaltstack(&stack, nullptr);
  handle(SIGSEGV, on_fault, SA_ONSTACK);
}

std::string answer(Ending ending, const char* message) {
  Outcome outcome;
  outcome.ending = ending;
  outcome.message = message;
  return encode_answer({outcome, true});
}

}  // namespace

void prepare_emergencies(int socket) {
  answer_socket = socket;
  answers = {answer(Ending::timeout, "ran longer than its time"),
             answer(Ending::memory, "needed more memory than a script may have"), answer(Ending::runtime, "nested too deeply")};
  watch_the_stack();
  handle(SIGALRM, [](int number, siginfo_t*, void*) { on_time_over(number); }, SA_ONSTACK | SA_RESTART);
}

void end_with(Emergency emergency) {
  const std::string& frame = answers[static_cast<std::size_t>(emergency)];
  // A frame of some ten bytes fits the socket's buffer: it is written whole or the server is gone.
  if (::write(answer_socket, frame.data(), frame.size()) < 0) ::_exit(1);
  ::_exit(0);
}

RunTimer::RunTimer(Milliseconds time, void (*interrupt)()) {
  time_is_over = false;
  interrupt_run = interrupt;
  const auto to_timeval = [](Milliseconds value) {
    return timeval{static_cast<time_t>(value.count() / 1000), static_cast<suseconds_t>(value.count() % 1000 * 1000)};
  };
  const itimerval timer{to_timeval(kStopTime), to_timeval(std::max(time, Milliseconds(1)))};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

RunTimer::~RunTimer() {
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
}

bool RunTimer::expired() { return time_is_over; }

}  // namespace posthorn::script
