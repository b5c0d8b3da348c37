#include "json/i_regexp.h"

#include "json/pattern.h"

namespace posthorn::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads one expression and writes RE2's, character by character. Bytes beyond ASCII are ordinary characters in both.
class Translator {
 public:
  explicit Translator(std::string_view text) : text_(text) {}

  std::optional<std::string> run() {
    if (!alternatives(0) || at_ != text_.size()) return std::nullopt;
    return std::move(out_);
  }

 private:
  bool more() const { return at_ < text_.size(); }
  char next() const { return text_[at_]; }
  bool take(char c) {
    if (!more() || next() != c) return false;
    ++at_;
    return true;
  }

  bool alternatives(std::size_t depth) {
    if (depth > kPatternGroupDepthMax) return false;
    while (true) {
      while (more() && next() != '|' && next() != ')') {
        if (!atom(depth) || !quantifier()) return false;
      }
      if (!take('|')) return true;
      out_ += '|';
    }
  }

  bool atom(std::size_t depth) {
    const char c = next();
    switch (c) {
      case '(':
        ++at_;
        out_ += "(?:";
        if (!alternatives(depth + 1) || !take(')')) return false;
        out_ += ')';
        return true;
      case '.':
        ++at_;
        out_ += "[^\\n\\r]";
        return true;
      case '\\':
        return escape();
      case '[':
        return char_class();
      case '*':
      case '+':
      case '?':
      case '{':
      case '}':
      case ']':
        return false;
      default:
        ++at_;
        out_ += c;
        return true;
    }
  }

  bool quantifier() {
    if (!more()) return true;
    if (next() == '*' || next() == '+' || next() == '?') {
      out_ += text_[at_++];
      // A second one would mean something else to RE2 ("a*?") and nothing here.
      return !more() || (next() != '*' && next() != '+' && next() != '?' && next() != '{');
    }
    if (next() != '{') return true;
    const auto start = at_++;
    if (!digits()) return false;
    if (take(',')) (void)digits();
    if (!take('}')) return false;
    out_ += text_.substr(start, at_ - start);
    return !more() || (next() != '*' && next() != '+' && next() != '?' && next() != '{');
  }

  bool digits() {
    const auto start = at_;
    while (more() && is_digit(next())) ++at_;
    return at_ > start;
  }

  // \( and its like, \n \r \t, \p{Lu}, \P{Lu}.
  bool escape() {
    ++at_;
    if (!more()) return false;
    const char c = text_[at_++];
    if (c == 'p' || c == 'P') return category(c);
    if (std::string_view("()*+-.?[\\]^nrt{|}").find(c) == std::string_view::npos) return false;
    out_ += '\\';
    out_ += c;
    return true;
  }

  bool category(char mark) {
    const auto end = text_.find('}', at_);
    if (!take('{') || end == std::string_view::npos) return false;
    const auto name = text_.substr(at_, end - at_);
    constexpr std::string_view kKinds[] = {"L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",  "Mc", "Me", "Mn", "N",  "Nd",
                                           "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Z",  "Zl",
                                           "Zp", "Zs", "S",  "Sc", "Sk", "Sm", "So", "C",  "Cc", "Cf", "Cn", "Co"};
    bool known = false;
    for (const auto kind : kKinds) known = known || kind == name;
    at_ = end + 1;
    out_ += std::string("\\") + mark + "{" + std::string(name) + "}";
    return known;
  }

  bool char_class() {
    ++at_;
    out_ += '[';
    if (take('^')) out_ += '^';
    bool empty = true;
    if (take('-')) {
      out_ += "\\-";
      empty = false;
    }
    while (more() && next() != ']') {
      if (next() == '-') {
        // Only as the last one.
        ++at_;
        out_ += "\\-";
        if (empty || !more() || next() != ']') return false;
        break;
      }
      if (!class_item()) return false;
      empty = false;
    }
    if (empty || !take(']')) return false;
    out_ += ']';
    return true;
  }

  // A character, a range of two, or a category.
  bool class_item() {
    const bool category = next() == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == 'p' || text_[at_ + 1] == 'P');
    if (category) return escape();
    if (!class_char()) return false;
    if (at_ + 1 >= text_.size() || next() != '-' || text_[at_ + 1] == ']') return true;
    ++at_;
    out_ += '-';
    return class_char();
  }

  bool class_char() {
    if (!more()) return false;
    if (next() == '\\') {
      return at_ + 1 < text_.size() && text_[at_ + 1] != 'p' && text_[at_ + 1] != 'P' && escape();
    }
    if (next() == '[' || next() == ']' || next() == '-') return false;
    const auto first = static_cast<unsigned char>(next());
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (at_ + bytes > text_.size()) return false;
    if (next() == '^' || next() == '&' || next() == '~') out_ += '\\';
    out_ += text_.substr(at_, bytes);
    at_ += bytes;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::optional<std::string> to_re2(std::string_view i_regexp) {
  if (i_regexp.size() > kPatternBytesMax) return std::nullopt;
  return Translator(i_regexp).run();
}

}  // namespace posthorn::json
