#include "base/clock.h"

#include <charconv>

namespace posthorn {
namespace {

using std::chrono::floor;

// Reads exactly `digits` decimal digits at `at` and moves past them.
std::optional<int> read_number(std::string_view text, std::size_t& at, std::size_t digits) {
  if (text.size() - at < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool skip(std::string_view text, std::size_t& at, char expected) {
  if (at >= text.size() || (text[at] | 0x20) != (expected | 0x20)) return false;
  ++at;
  return true;
}

std::optional<int> read_fraction_milliseconds(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return 0;
  ++at;
  int milliseconds = 0;
  int digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 3) milliseconds = milliseconds * 10 + (text[at] - '0');
  }
  if (digits < 1 || digits > 9) return std::nullopt;
  for (int i = digits; i < 3; ++i) milliseconds *= 10;
  return milliseconds;
}

std::optional<std::chrono::minutes> read_offset(std::string_view text, std::size_t& at) {
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
    return std::chrono::minutes(0);
  }
  if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
  const int sign = text[at++] == '-' ? -1 : 1;
  const auto hours = read_number(text, at, 2);
  if (!hours || *hours > 23 || !skip(text, at, ':')) return std::nullopt;
  const auto minutes = read_number(text, at, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::minutes(sign * (*hours * 60 + *minutes));
}

// The last `digits` decimal digits of a number that is not negative.
void write_number(std::string& text, std::size_t at, std::size_t digits, std::int64_t number) {
  for (std::size_t i = digits; i-- > 0; number /= 10) text[at + i] = static_cast<char>('0' + number % 10);
}

// RFC 3339 has the years 0000 to 9999.
constexpr Timestamp kFirstTime = std::chrono::sys_days(std::chrono::year(0) / 1 / 1);
constexpr Timestamp kAfterLastTime = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);

}  // namespace

SystemClock::SystemClock()
    : wall_at_start_(floor<Milliseconds>(std::chrono::system_clock::now())),
      steady_at_start_(std::chrono::steady_clock::now()) {}

Timestamp SystemClock::wall_now() const { return floor<Milliseconds>(std::chrono::system_clock::now()); }

SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

Timestamp SystemClock::schedule_now() const { return wall_at_start_ + floor<Milliseconds>(steady_now() - steady_at_start_); }

ManualClock::ManualClock(Timestamp start) : wall_(start), schedule_(start) {}

void ManualClock::advance(std::chrono::nanoseconds by) {
  steady_ += std::chrono::duration_cast<SteadyTime::duration>(by);
  rest_ += by;
  const auto whole = floor<Milliseconds>(rest_);
  rest_ -= whole;
  wall_ += whole;
  schedule_ += whole;
}

std::string to_rfc3339(Timestamp time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<Milliseconds> clock{time - day};
  // By hand: it is done for every delivery, and printf's way takes ten times as long.
  std::string text = "0000-00-00T00:00:00.000Z";
  write_number(text, 0, 4, static_cast<int>(date.year()));
  write_number(text, 5, 2, static_cast<unsigned>(date.month()));
  write_number(text, 8, 2, static_cast<unsigned>(date.day()));
  write_number(text, 11, 2, clock.hours().count());
  write_number(text, 14, 2, clock.minutes().count());
  write_number(text, 17, 2, clock.seconds().count());
  write_number(text, 20, 3, clock.subseconds().count());
  return text;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  std::size_t at = 0;
  const auto year = read_number(text, at, 4);
  if (!year || !skip(text, at, '-')) return std::nullopt;
  const auto month = read_number(text, at, 2);
  if (!month || !skip(text, at, '-')) return std::nullopt;
  const auto day = read_number(text, at, 2);
  if (!day || !skip(text, at, 'T')) return std::nullopt;
  const auto hour = read_number(text, at, 2);
  if (!hour || *hour > 23 || !skip(text, at, ':')) return std::nullopt;
  const auto minute = read_number(text, at, 2);
  if (!minute || *minute > 59 || !skip(text, at, ':')) return std::nullopt;
  const auto second = read_number(text, at, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second counts as the next minute's first
  const auto milliseconds = read_fraction_milliseconds(text, at);
  if (!milliseconds) return std::nullopt;
  const auto offset = read_offset(text, at);
  if (!offset || at != text.size()) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const Timestamp time = std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                         std::chrono::seconds(*second) + Milliseconds(*milliseconds) - *offset;
  // A leap second or an offset may lead out of the years that four digits can write.
  if (time < kFirstTime || time >= kAfterLastTime) return std::nullopt;
  return time;
}

}  // namespace posthorn
