#include "json/syntax_error.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/limits.h"
#include "base/text.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

std::string place_of(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto in_line = before.substr(line_start);
  const auto column =
      1 + std::count_if(in_line.begin(), in_line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string unexpected(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  if (at == 0 && rest.starts_with("\xef\xbb\xbf")) return "a byte order mark must not stand before the text";
  const auto first = static_cast<unsigned char>(rest.front());
  if (first < 0x20 || first == 0x7f) return "a control character must be written as an escape";
  std::size_t bytes = 1;
  while (bytes < std::min<std::size_t>(4, rest.size()) && (static_cast<unsigned char>(rest[bytes]) & 0xc0) == 0x80) ++bytes;
  if (!is_valid_utf8(rest.substr(0, bytes))) return "bytes that are not UTF-8";
  if (first == '"') return "unexpected quotation mark";
  return "unexpected \"" + std::string(rest.substr(0, bytes)) + "\"";
}

// Whether the text before `at` ends in the escape of a leading surrogate, which only its other half may follow.
bool follows_leading_surrogate(std::string_view text, std::size_t at) {
  constexpr std::size_t kEscapeBytes = 6;  // \ud83d
  std::string_view before = text.substr(0, at);
  if (before.ends_with('\\')) before.remove_suffix(1);  // another escape had begun
  if (at >= text.size() || before.size() < kEscapeBytes) return false;
  const auto escape = before.substr(before.size() - kEscapeBytes);
  const auto backslashes = before.substr(0, before.size() - kEscapeBytes + 1);
  const auto other = backslashes.find_last_not_of('\\');
  const std::size_t count = backslashes.size() - (other == std::string_view::npos ? 0 : other + 1);
  return count % 2 == 1 && escape[1] == 'u' && (escape[2] == 'd' || escape[2] == 'D') &&
         std::string_view("89abAB").find(escape[3]) != std::string_view::npos;
}

bool is_lone_surrogate(std::string_view text, std::size_t at, const boost::json::error_code& code) {
  using boost::json::error;
  return code == error::illegal_leading_surrogate || code == error::illegal_trailing_surrogate ||
         follows_leading_surrogate(text, at);
}

std::string reason(std::string_view text, std::size_t at, const boost::json::error_code& code) {
  using boost::json::error;
  if (text.empty()) return "the text is empty";
  if (code == error::too_deep) return "nested deeper than " + std::to_string(kJsonDepthMax) + " levels";
  if (code == error::exponent_overflow || code == error::not_number) return "a number beyond the range of a double";
  if (is_lone_surrogate(text, at, code)) return "half of a surrogate pair without the other";
  if (code == error::expected_hex_digit) return "\\u must be followed by four hexadecimal digits";
  if (code == error::incomplete || at >= text.size()) return "the text ends too early";
  return unexpected(text, at);
}

// Whether the grammar allows it, and a reader may still refuse it (RFC 8259, 8.2 and 9).
bool is_beyond_limits(std::string_view text, std::size_t at, const boost::json::error_code& code) {
  using boost::json::error;
  return code == error::too_deep || code == error::exponent_overflow || code == error::not_number ||
         is_lone_surrogate(text, at, code);
}

}  // namespace

Error syntax_error(std::string_view text, std::size_t at, const boost::json::error_code& code) {
  at = std::min(at, text.size());
  const bool beyond = !text.empty() && is_beyond_limits(text, at, code);
  return {ErrorKind::malformed,
          beyond ? "unsupported_json" : "malformed_json",
          (beyond ? "JSON that is not taken at " : "not valid JSON at ") + place_of(text, at) + ": " + reason(text, at, code),
          {},
          std::nullopt};
}

Error duplicate_member(std::string path, std::string_view name) {
  return {ErrorKind::malformed, "duplicate_member", "the name \"" + shortened(name) + "\" occurs twice in one object",
          std::move(path), std::nullopt};
}

bool read_double(std::string_view text, double& value) {
  double exact = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exact);
  if (error == std::errc()) {
    value = exact;
    return std::isfinite(exact);
  }
  return error == std::errc::result_out_of_range && std::fabs(value) < 1;  // too small for a double counts as zero
}

}  // namespace posthorn::json
