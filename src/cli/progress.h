// Progress: one line that tells how far long work is. On a terminal it is redrawn in place; elsewhere a plain line is written
// now and then, so that a log stays readable. Standard error only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "cli/console.h"

namespace posthorn::cli {

class Progress {
 public:
  Progress(Console& console, const Clock& clock, std::string label);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `total` 0: not known. Cheap to call often.
  void show(std::uint64_t done, std::uint64_t total, std::string_view note);
  // Removes the line (terminal), so that other output can be written. show() draws it again.
  void clear();

 private:
  Console& console_;
  const Clock& clock_;
  const std::string label_;
  SteadyTime next_;
  bool drawn_ = false;
};

// "label ████████░░░░  42 %  note", in at most `width` columns.
std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total, std::string_view note,
                          std::size_t width);

}  // namespace posthorn::cli
