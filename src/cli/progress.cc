#include "cli/progress.h"

#include <algorithm>

namespace posthorn::cli {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr auto kPlainLineEvery = std::chrono::seconds(2);
constexpr std::size_t kBarColumns = 24;

}  // namespace

std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total, std::string_view note,
                          std::size_t width) {
  std::string line(label);
  if (total > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
    line += ' ';
    for (std::size_t i = 0; i < kBarColumns; ++i) line += i < filled ? "█" : "░";
    const std::string percent = std::to_string(static_cast<int>(share * 100));
    line += std::string(4 - percent.size(), ' ') + percent + " %";
  }
  if (!note.empty()) line += "  " + std::string(note);
  return shorten(line, width);
}

Progress::Progress(Console& console, const Clock& clock, std::string label)
    : console_(console), clock_(clock), label_(std::move(label)), next_(clock.steady_now()) {
  if (!console_.style().err_is_terminal) next_ += kPlainLineEvery;
}

Progress::~Progress() { clear(); }

void Progress::show(std::uint64_t done, std::uint64_t total, std::string_view note) {
  const auto now = clock_.steady_now();
  if (now < next_) return;
  const bool on_terminal = console_.style().err_is_terminal;
  next_ = now + (on_terminal ? SteadyTime::duration(kRedrawEvery) : SteadyTime::duration(kPlainLineEvery));
  if (on_terminal) {
    const auto width = static_cast<std::size_t>(console_.style().width) - 1;
    console_.err() << "\r\x1b[K" << progress_line(label_, done, total, note, width) << std::flush;
    drawn_ = true;
  } else {
    const std::string percent = total > 0 ? " " + std::to_string(done * 100 / total) + " %" : "";
    console_.err() << label_ << percent << "  " << note << std::endl;
  }
}

void Progress::clear() {
  if (!drawn_) return;
  console_.err() << "\r\x1b[K" << std::flush;
  drawn_ = false;
  next_ = clock_.steady_now();
}

}  // namespace posthorn::cli
