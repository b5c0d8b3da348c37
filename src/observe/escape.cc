#include "observe/escape.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"

namespace posthorn::observe {
namespace {

// The character at the start of `text` and how many bytes it has; nothing (0 bytes) when they are not UTF-8.
struct Character {
  char32_t value;
  std::size_t bytes;
};
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (!is_valid_utf8(text.substr(0, bytes)) || text.size() < bytes) return {0xfffd, 0};
  char32_t value = byte(0) & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) value = (value << 6) | (byte(i) & 0x3fU);
  return {value, bytes};
}

// C0 and C1 controls, DEL, line and paragraph separators, and the marks that change the direction of text (Unicode 15, 23.2).
bool must_be_escaped(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

void append_code(std::string& line, char32_t c) {
  switch (c) {
    case '\n':
      line += "\\n";
      return;
    case '\r':
      line += "\\r";
      return;
    case '\t':
      line += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<std::uint32_t>(c));
  }
}

void append_number(std::string& line, std::int64_t value) { fmt::format_to(std::back_inserter(line), "{}", value); }
void append_number(std::string& line, double value) {
  if (std::isfinite(value)) {
    fmt::format_to(std::back_inserter(line), "{}", value);
  } else {
    line += "null";
  }
}

bool is_plain_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=') return false;
  }
  return true;
}

}  // namespace

void append_escaped(std::string& line, std::string_view text) {
  while (!text.empty()) {
    const auto [value, bytes] = first_character(text);
    if (bytes == 0) {
      line += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    if (value == '"' || value == '\\') {
      line += '\\';
      line += static_cast<char>(value);
    } else if (must_be_escaped(value)) {
      append_code(line, value);
    } else {
      line += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
}

std::string json_members(std::string_view message, std::initializer_list<Field> fields) {
  std::string line = "\"message\":\"";
  append_escaped(line, message);
  line += '"';
  for (const auto& field : fields) {
    line += ",\"";
    append_escaped(line, field.name);
    if (field.name == "time" || field.name == "level" || field.name == "message") line += '_';
    line += "\":";
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line += '"';
      append_escaped(line, *text);
      line += '"';
    } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
      append_number(line, *whole);
    } else {
      append_number(line, std::get<double>(field.value));
    }
  }
  return line;
}

std::string plain_line(std::string_view message, std::initializer_list<Field> fields) {
  std::string line;
  append_escaped(line, message);
  for (const auto& field : fields) {
    line += ' ';
    append_escaped(line, field.name);
    line += '=';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      const bool quoted = !is_plain_word(*text);
      if (quoted) line += '"';
      append_escaped(line, *text);
      if (quoted) line += '"';
    } else if (const auto* whole = std::get_if<std::int64_t>(&field.value)) {
      append_number(line, *whole);
    } else {
      append_number(line, std::get<double>(field.value));
    }
  }
  return line;
}

}  // namespace posthorn::observe
