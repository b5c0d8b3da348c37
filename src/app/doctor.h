// Doctor: does this configuration work on this machine? Checks what a server would need, changes nothing that stays.
//
// Place: `posthorn doctor` prints what it finds. A running server is not disturbed: its folder is looked at, its port is asked
// for
//   its health.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/clock.h"

namespace posthorn::app {

struct Finding {
  enum class Verdict : std::uint8_t { good, note, bad };
  Verdict verdict = Verdict::good;
  std::string subject;  // "data folder"
  std::string text;     // what was found
  std::string advice;   // what to do; empty when good
};

std::string_view to_text(Finding::Verdict verdict);

// All checks, in an order that a reader can follow. Takes up to a few seconds. Starts threads.
std::vector<Finding> examine(const LoadedConfig& loaded, const Clock& clock);

// --- the decisions in them, pure ---
Finding judge_free_space(std::uint64_t free_bytes);
Finding judge_flush_time(std::chrono::microseconds slowest);
Finding judge_mode(std::string_view subject, const std::string& file, unsigned mode, unsigned allowed);
Finding judge_clock(Timestamp now, std::chrono::milliseconds drift, bool synchronized);
Finding judge_certificate(Timestamp not_before, Timestamp not_after, Timestamp now);

// The process that holds the lock on a file, from /proc/locks: its text, the file's device and inode. 0 for none.
long lock_holder(std::string_view proc_locks, std::uint64_t inode);

}  // namespace posthorn::app
