#include "json/words.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace posthorn::json {

std::string join_path(std::string_view path, std::string_view name) {
  std::string joined(path);
  if (!joined.empty()) joined += '/';
  for (const char c : name) {
    if (c == '~') {
      joined += "~0";
    } else if (c == '/') {
      joined += "~1";
    } else {
      joined += c;
    }
  }
  return joined;
}

std::string shortened(std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  if (name.size() <= kBytesMax) return std::string(name);
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return std::string(name.substr(0, end)) + "…";
}

std::string number_words(long double value) {
  constexpr long double kWholeMax = 1e19L;
  if (std::trunc(value) == value && std::fabs(value) < kWholeMax) {
    const std::string digits = std::to_string(static_cast<std::uint64_t>(std::fabs(value)));
    return value < 0 ? "-" + digits : digits;
  }
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), static_cast<double>(value));
  return {text.data(), end};
}

}  // namespace posthorn::json
