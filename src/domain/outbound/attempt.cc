#include "domain/outbound/attempt.h"

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

// IMF-fixdate only ("Sun, 06 Nov 1994 08:49:37 GMT"): the other two forms of RFC 9110 5.6.7 are obsolete.
std::optional<Timestamp> parse_http_date(std::string_view text) {
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  bool weekday_known = false;
  for (const auto weekday : kWeekdays) weekday_known |= text.substr(0, 3) == weekday;
  unsigned month = 0;
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (text.substr(8, 3) == kMonths[i]) month = i + 1;
  }
  const auto day = read_number(text.substr(5, 2));
  const auto year = read_number(text.substr(12, 4));
  const auto hour = read_number(text.substr(17, 2));
  const auto minute = read_number(text.substr(20, 2));
  const auto second = read_number(text.substr(23, 2));
  if (!weekday_known || month == 0 || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
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
  const auto date = parse_http_date(text);
  if (!date || *date <= wall_now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*date - wall_now);
}

}  // namespace posthorn::domain
