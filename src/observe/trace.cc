#include "observe/trace.h"

#include <algorithm>

namespace posthorn::observe {
namespace {

// traceparent = version "-" trace-id "-" parent-id "-" flags, in 2, 32, 16 and 2 digits.
constexpr std::size_t kTraceIdAt = 3;
constexpr std::size_t kTraceIdDigits = 32;
constexpr std::size_t kParentIdAt = 36;
constexpr std::size_t kParentIdDigits = 16;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kVersion00Size = 55;
constexpr std::size_t kSizeMax = 512;  // later versions may append; nobody needs more

bool is_lower_hex(std::string_view digits) {
  return std::all_of(digits.begin(), digits.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view digits) { return digits.find_first_not_of('0') == std::string_view::npos; }

void append_hex(std::string& text, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 0xf];
}

std::uint64_t nonzero(Random& random) {
  std::uint64_t value = 0;
  do {
    value = random.next();
  } while (value == 0);
  return value;
}

}  // namespace

bool is_traceparent(std::string_view text) {
  if (text.size() < kVersion00Size || text.size() > kSizeMax) return false;
  const auto version = text.substr(0, 2);
  const auto trace_id = text.substr(kTraceIdAt, kTraceIdDigits);
  const auto parent_id = text.substr(kParentIdAt, kParentIdDigits);
  if (text[kTraceIdAt - 1] != '-' || text[kParentIdAt - 1] != '-' || text[kFlagsAt - 1] != '-') return false;
  if (!is_lower_hex(version) || version == "ff" || !is_lower_hex(text.substr(kFlagsAt, 2))) return false;
  if (!is_lower_hex(trace_id) || is_zero(trace_id) || !is_lower_hex(parent_id) || is_zero(parent_id)) return false;
  if (text.size() == kVersion00Size) return true;
  if (version == "00" || text[kVersion00Size] != '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });  // it is sent on as a header
}

std::string make_traceparent(Random& random) {
  std::string text = "00-";
  append_hex(text, nonzero(random));
  append_hex(text, random.next());
  text += '-';
  append_hex(text, nonzero(random));
  text += "-01";
  return text;
}

}  // namespace posthorn::observe
