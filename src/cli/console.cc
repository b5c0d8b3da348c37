#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"

namespace posthorn::cli {
namespace {

std::string_view escape_of(Color color) {
  switch (color) {
    case Color::plain:
      return "";
    case Color::red:
      return "\x1b[31m";
    case Color::green:
      return "\x1b[32m";
    case Color::yellow:
      return "\x1b[33m";
    case Color::blue:
      return "\x1b[36m";
    case Color::dim:
      return "\x1b[2m";
    case Color::bold:
      return "\x1b[1m";
  }
  return "";
}

std::size_t utf8_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_valid_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

void append_escaped(std::string& result, unsigned char byte) {
  switch (byte) {
    case '\n':
      result += "\\n";
      return;
    case '\r':
      result += "\\r";
      return;
    case '\t':
      result += "\\t";
      return;
    default:
      break;
  }
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\x%02x", byte);
  result += text.data();
}

// U+202A to U+202E and U+2066 to U+2069: they make text look like another one (https://trojansource.codes).
bool is_bidi_control(std::string_view character) {
  if (!character.starts_with("\xe2\x80") && !character.starts_with("\xe2\x81")) return false;
  const auto last = static_cast<unsigned char>(character[2]);
  return character[1] == '\x80' ? last >= 0xaa && last <= 0xae : last >= 0xa6 && last <= 0xa9;
}

std::string make_printable(std::string_view text, std::string_view kept) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t length = utf8_length(text);
    // U+0080 to U+009F are control characters too.
    const bool is_c1 = length == 2 && byte == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
    const bool is_control = (length == 1 && (byte < 0x20 || byte == 0x7f)) && kept.find(text.front()) == std::string_view::npos;
    if (length == 0 || is_control) {
      append_escaped(result, byte);
      text.remove_prefix(1);
    } else if (is_c1 || is_bidi_control(text.substr(0, length))) {
      for (const char c : text.substr(0, length)) append_escaped(result, static_cast<unsigned char>(c));
      text.remove_prefix(length);
    } else {
      result += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return result;
}

bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

ConsoleStyle detect_style(const std::function<const char*(const char*)>& environment) {
  ConsoleStyle style;
  style.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  style.err_is_terminal = isatty(STDERR_FILENO) == 1;
  const char* no_color = environment("NO_COLOR");
  const char* term = environment("TERM");
  const bool wants_none = (no_color != nullptr && *no_color != '\0') || (term != nullptr && std::string_view(term) == "dumb");
  style.colored = style.out_is_terminal && style.err_is_terminal && !wants_none;
  winsize size{};
  if (ioctl(style.out_is_terminal ? STDOUT_FILENO : STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40) {
    style.width = size.ws_col;
  }
  return style;
}

std::string Console::paint(Color color, std::string_view text) const {
  if (!style_.colored || color == Color::plain) return std::string(text);
  return std::string(escape_of(color)) + std::string(text) + "\x1b[0m";
}

void Console::error(std::string_view text) { err_ << paint(Color::red, "posthorn: ") << printable_lines(text) << std::endl; }

void Console::warning(std::string_view text) {
  err_ << paint(Color::yellow, "posthorn: warning: ") << printable_lines(text) << std::endl;
}

std::string printable(std::string_view text) { return make_printable(text, ""); }

std::string printable_lines(std::string_view text) { return make_printable(text, "\n\t"); }

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if (starts_code_point(text[i])) ++width;
  }
  return width;
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::size_t kept = 0;
  std::size_t columns = 0;
  while (kept < text.size()) {
    if (starts_code_point(text[kept]) && ++columns >= width) break;
    ++kept;
  }
  return std::string(text.substr(0, kept)) + "…";
}

std::string indent_json(std::string_view text) {
  std::string result;
  std::size_t depth = 0;
  const auto new_line = [&] { result += '\n' + std::string(2 * depth, ' '); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      const std::size_t start = i++;
      while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2u : 1u;
      result += text.substr(start, i - start + 1);
    } else if (c == '{' || c == '[') {
      result += c;
      const auto next = text.find_first_not_of(" \t\r\n", i + 1);
      if (next != std::string_view::npos && (text[next] == '}' || text[next] == ']')) {
        result += text[next];
        i = next;
      } else {
        ++depth;
        new_line();
      }
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      new_line();
      result += c;
    } else if (c == ',') {
      result += c;
      new_line();
    } else if (c == ':') {
      result += ": ";
    } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      result += c;
    }
  }
  return result;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

std::string seconds_text(double seconds) {
  std::array<char, 32> text{};
  if (seconds < 0.01) {
    std::snprintf(text.data(), text.size(), "%.2f ms", seconds * 1e3);
  } else if (seconds < 1) {
    std::snprintf(text.data(), text.size(), "%.0f ms", seconds * 1e3);
  } else if (seconds < 120) {
    std::snprintf(text.data(), text.size(), "%.1f s", seconds);
  } else {
    const auto whole = static_cast<long>(seconds);
    std::snprintf(text.data(), text.size(), "%ld min %ld s", whole / 60, whole % 60);
  }
  return text.data();
}

}  // namespace posthorn::cli
