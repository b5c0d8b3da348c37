#include "domain/outbound/attempt.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace posthorn::domain {
namespace {

constexpr std::array<std::pair<FailureKind, std::string_view>, 15> kWords{{
    {FailureKind::none, "none"},
    {FailureKind::status, "status"},
    {FailureKind::name, "name"},
    {FailureKind::blocked, "blocked"},
    {FailureKind::connect, "connect"},
    {FailureKind::tls, "tls"},
    {FailureKind::timeout, "timeout"},
    {FailureKind::disconnected, "disconnected"},
    {FailureKind::protocol, "protocol"},
    {FailureKind::too_large, "too_large"},
    {FailureKind::proxy, "proxy"},
    {FailureKind::internal, "internal"},
    {FailureKind::authorization, "authorization"},
    {FailureKind::handshake, "handshake"},
    {FailureKind::transform, "transform"},
}};

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

std::optional<int> read_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text.front() == '-') return std::nullopt;
  return value;
}

std::optional<unsigned> read_month(std::string_view text) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (text == kMonths[i]) return i + 1;
  }
  return std::nullopt;
}

// "08:49:37". A leap second is allowed.
std::optional<std::chrono::seconds> read_time_of_day(std::string_view text) {
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = read_number(text.substr(0, 2));
  const auto minute = read_number(text.substr(3, 2));
  const auto second = read_number(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

struct DateParts {
  std::string_view day, month, year, time;
};

std::optional<Timestamp> read_date(const DateParts& parts) {
  const auto day = read_number(parts.day);
  const auto month = read_month(parts.month);
  const auto year = read_number(parts.year);
  const auto time = read_time_of_day(parts.time);
  if (!day || !month || !year || !time) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *time;
}

bool is_weekday(std::string_view text) { return std::find(kWeekdays.begin(), kWeekdays.end(), text) != kWeekdays.end(); }

// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Timestamp> parse_fixdate(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ')
    return std::nullopt;
  if (!is_weekday(text.substr(0, 3)) || text.substr(25) != " GMT") return std::nullopt;
  return read_date({text.substr(5, 2), text.substr(8, 3), text.substr(12, 4), text.substr(17, 8)});
}

// "Sunday, 06-Nov-94 08:49:37 GMT". A year that would be more than 50 years ahead is the last one that ends so.
std::optional<Timestamp> parse_rfc850_date(std::string_view text, Timestamp wall_now) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos || comma < 6 || !is_weekday(text.substr(0, 3)) ||
      !text.substr(0, comma).ends_with("day")) {
    return std::nullopt;
  }
  text.remove_prefix(comma);
  if (text.size() != 24 || text[1] != ' ' || text[4] != '-' || text[8] != '-' || text[11] != ' ' || text.substr(20) != " GMT") {
    return std::nullopt;
  }
  const auto year_of_century = read_number(text.substr(9, 2));
  if (!year_of_century) return std::nullopt;
  const int this_year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(wall_now)).year());
  int year = this_year - this_year % 100 + *year_of_century;
  if (year > this_year + 50) year -= 100;
  if (year <= this_year - 50) year += 100;
  const std::string four_digits = std::to_string(year);
  return read_date({text.substr(2, 2), text.substr(5, 3), four_digits, text.substr(12, 8)});
}

// "Sun Nov  6 08:49:37 1994"
std::optional<Timestamp> parse_asctime_date(std::string_view text) {
  if (text.size() != 24 || text[3] != ' ' || text[7] != ' ' || text[10] != ' ' || text[19] != ' ') return std::nullopt;
  if (!is_weekday(text.substr(0, 3))) return std::nullopt;
  const auto day = text[8] == ' ' ? text.substr(9, 1) : text.substr(8, 2);
  return read_date({day, text.substr(4, 3), text.substr(20, 4), text.substr(11, 8)});
}

// RFC 9110, 5.6.7: a recipient takes all three forms.
std::optional<Timestamp> parse_http_date(std::string_view text, Timestamp wall_now) {
  if (const auto date = parse_fixdate(text)) return date;
  if (const auto date = parse_rfc850_date(text, wall_now)) return date;
  return parse_asctime_date(text);
}

}  // namespace

std::string_view to_text(FailureKind kind) {
  for (const auto& [value, word] : kWords) {
    if (value == kind) return word;
  }
  return "internal";
}

std::optional<FailureKind> parse_failure_kind(std::string_view text) {
  for (const auto& [value, word] : kWords) {
    if (word == text) return value;
  }
  return std::nullopt;
}

bool is_unreachable(FailureKind kind) {
  switch (kind) {
    case FailureKind::name:
    case FailureKind::connect:
    case FailureKind::tls:
    case FailureKind::timeout:
    case FailureKind::proxy:
    case FailureKind::authorization:
    case FailureKind::handshake:
      return true;
    case FailureKind::none:
    case FailureKind::status:
    case FailureKind::blocked:
    case FailureKind::disconnected:
    case FailureKind::protocol:
    case FailureKind::too_large:
    case FailureKind::internal:
    case FailureKind::transform:
      return false;
  }
  return false;
}

bool concerns_endpoint(FailureKind kind) { return kind != FailureKind::internal && kind != FailureKind::transform; }

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, Timestamp wall_now) {
  const std::string_view text = trim(value);
  if (text.empty()) return std::nullopt;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    constexpr long kLargest = 1'000'000'000;
    long seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    static_cast<void>(end);
    return std::chrono::seconds(error == std::errc() ? std::min(seconds, kLargest) : kLargest);
  }
  const auto date = parse_http_date(text, wall_now);
  if (!date || *date <= wall_now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*date - wall_now);
}

}  // namespace posthorn::domain
