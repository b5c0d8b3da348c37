#include <algorithm>
#include <charconv>

#include "json/schema_example.h"

namespace posthorn::json {
namespace {

constexpr std::size_t kRepeatMax = 1000;

// Recursive descent over the pattern's text; failed_ once something is not known.
class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  std::optional<std::string> run() {
    auto made = alternatives(0);
    if (failed_ || at_ != text_.size()) return std::nullopt;
    return made;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  char peek() const { return text_[at_]; }
  bool take(char c) {
    if (!more() || peek() != c) return false;
    ++at_;
    return true;
  }
  std::string fail() {
    failed_ = true;
    at_ = text_.size();
    return {};
  }

  std::string alternatives(int depth) {
    if (depth > 32) return fail();
    auto first = sequence(depth);
    while (!failed_ && take('|')) (void)sequence(depth);
    return first;
  }

  std::string sequence(int depth) {
    std::string made;
    while (more() && !failed_ && peek() != '|' && peek() != ')') {
      const auto one = atom(depth);
      const auto times = repetitions();
      if (made.size() + one.size() * times > kExampleBytesMax) return fail();
      for (std::size_t i = 0; i < times; ++i) made += one;
    }
    return made;
  }

  std::size_t repetitions() {
    std::size_t times = 1;
    if (take('*') || take('?')) {
      times = 0;
    } else if (take('{')) {
      times = number();
      if (take(',') && more() && peek() != '}') (void)number();
      if (!take('}') || times > kRepeatMax) failed_ = true;
    } else {
      (void)take('+');
    }
    (void)take('?');  // lazy
    return failed_ ? 0 : times;
  }

  std::size_t number() {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) failed_ = true;
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  std::string atom(int depth) {
    const char c = text_[at_++];
    switch (c) {
      case '^':
      case '$':
        return {};
      case '.':
        return "x";
      case '(':
        return group(depth);
      case '[':
        return one_of_class();
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        return fail();
      default:
        return with_rest_of_character(c);
    }
  }

  // The bytes that follow the first of a UTF-8 character.
  std::string with_rest_of_character(char first) {
    std::string character(1, first);
    while (more() && (static_cast<unsigned char>(first) & 0x80) != 0 && (static_cast<unsigned char>(peek()) & 0xc0) == 0x80) {
      character += text_[at_++];
    }
    return character;
  }

  std::string group(int depth) {
    if (take('?')) {
      // (?:…), (?P<name>…), (?<name>…); flags are not known here.
      (void)take('P');
      if (take('<')) {
        while (more() && peek() != '>') ++at_;
        (void)take('>');
      } else if (!take(':')) {
        return fail();
      }
    }
    auto made = alternatives(depth + 1);
    return take(')') ? made : fail();
  }

  std::string escaped() {
    if (!more()) return fail();
    const char c = text_[at_++];
    switch (c) {
      case 'd':
        return "1";
      case 'w':
        return "a";
      case 's':
        return " ";
      case 'D':
      case 'S':
        return "x";
      case 'W':
        return "-";
      case 'b':
      case 'B':
      case 'A':
      case 'z':
        return {};
      case 't':
        return "\t";
      case 'n':
        return "\n";
      case 'r':
        return "\r";
      case 'x':
        return hexadecimal();
      default:
        break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter ? fail() : std::string(1, c);
  }

  // \x41, \x{e9}
  std::string hexadecimal() {
    const bool braces = take('{');
    std::uint32_t code = 0;
    const auto* end = text_.data() + (braces ? text_.size() : std::min(at_ + 2, text_.size()));
    const auto [rest, error] = std::from_chars(text_.data() + at_, end, code, 16);
    at_ = static_cast<std::size_t>(rest - text_.data());
    if (error != std::errc() || (braces && !take('}'))) return fail();
    if (code >= 0x10000 || (code >= 0xd800 && code < 0xe000)) return fail();
    if (code < 0x80) return std::string(1, static_cast<char>(code));
    if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
    return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
            static_cast<char>(0x80 | (code & 0x3f))};
  }

  // The first member of the class; for a negated one, a character that is not in it.
  std::string one_of_class() {
    const bool negated = take('^');
    std::string first;
    std::string members;  // lower and upper ends of ranges
    bool begun = false;
    while (more() && (peek() != ']' || !begun)) {
      begun = true;
      std::string low = class_member();
      if (failed_) return {};
      std::string high = low;
      if (at_ + 1 < text_.size() && peek() == '-' && text_[at_ + 1] != ']') {
        ++at_;
        high = class_member();
      }
      if (first.empty()) first = low;
      if (low.size() == 1 && high.size() == 1) members += low + high;
    }
    if (failed_ || !take(']')) return fail();
    if (!negated) return first;
    for (const char c : std::string_view("x1A-_ .,:~")) {
      bool in = false;
      for (std::size_t i = 0; i + 1 < members.size(); i += 2) in = in || (c >= members[i] && c <= members[i + 1]);
      if (!in) return std::string(1, c);
    }
    return fail();
  }

  std::string class_member() {
    if (!more()) return fail();
    if (text_.substr(at_, 2) == "[:") return fail();
    const char c = text_[at_++];
    return c == '\\' ? escaped() : with_rest_of_character(c);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<std::string> make_pattern_example(std::string_view pattern) { return PatternReader(pattern).run(); }

}  // namespace posthorn::json
