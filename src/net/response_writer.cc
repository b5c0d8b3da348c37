#include "net/response_writer.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace posthorn::net {

namespace {

constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

std::string_view DateValue::at(Timestamp now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second == second_) return text_;
  second_ = second;
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(second - day);
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                 kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                                 kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                                 static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                                 static_cast<int>(time.seconds().count()));
  text_.assign(text.data(), static_cast<std::size_t>(size));
  return text_;
}

bool status_has_body(int status) { return status >= 200 && status != 204 && status != 304; }

bool append_response_head(std::string& out, const HttpResponse& response, std::string_view date, AfterAnswer after) {
  out.append("HTTP/1.1 ");
  append_number(out, response.status);
  out.push_back(' ');
  out.append(reason_phrase(response.status));
  out.append("\r\nDate: ");
  out.append(date);
  if (status_has_body(response.status)) {
    if (!response.content_type.empty()) {
      out.append("\r\nContent-Type: ");
      out.append(response.content_type);
    }
    out.append("\r\nContent-Length: ");
    append_number(out, response.body.size());
  }
  bool all_written = true;
  for (const auto& header : response.headers) {
    if (!is_header_name(header.name) || !is_header_value(header.value) || is_transport_header(header.name)) {
      all_written = false;
      continue;
    }
    out.append("\r\n");
    out.append(header.name);
    out.append(": ");
    out.append(header.value);
  }
  switch (after) {
    case AfterAnswer::keep:
      out.append("\r\n\r\n");
      break;
    case AfterAnswer::keep_and_tell:
      out.append("\r\nConnection: keep-alive\r\n\r\n");
      break;
    case AfterAnswer::close:
      out.append("\r\nConnection: close\r\n\r\n");
      break;
  }
  return all_written;
}

}  // namespace posthorn::net
