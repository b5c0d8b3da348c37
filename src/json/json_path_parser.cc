#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "json/i_regexp.h"
#include "json/json_path.h"
#include "json/json_path_program.h"
#include "json/reader.h"

namespace posthorn::json {
namespace {

constexpr std::int64_t kIndexMax = 9'007'199'254'740'991;  // RFC 9535, 2.1: I-JSON's range

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_first(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      put(0xe0 | (code >> 12));
    } else {
      put(0xf0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3f));
    }
    put(0x80 | ((code >> 6) & 0x3f));
  }
  put(0x80 | (code & 0x3f));
}

struct FunctionWords {
  std::string_view name;
  PathFunction function;
  std::size_t arguments;
  bool nodes;    // its arguments are node lists, else values
  bool logical;  // it holds or not, else it has a value
};
constexpr FunctionWords kFunctions[] = {
    {"length", PathFunction::length, 1, false, false}, {"count", PathFunction::count, 1, true, false},
    {"value", PathFunction::value, 1, true, false},    {"match", PathFunction::match, 2, false, true},
    {"search", PathFunction::search, 2, false, true},
};
const FunctionWords& words_of(PathFunction function) {
  return *std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const auto& f) { return f.function == function; });
}

// Recursive descent over the standard's grammar. The first error wins; every reader returns false after it.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool run(PathQuery& query) {
    if (!take('$')) return fail("a path begins with '$'");
    return segments(query) && (at_ == text_.size() || fail("expected '.', '[' or the end"));
  }
  const std::string& message() const { return message_; }

 private:
  bool more() const { return at_ < text_.size(); }
  char next() const { return more() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_blanks() {
    while (more() && is_blank(text_[at_])) ++at_;
  }
  bool fail_at(std::size_t at, std::string_view what) {
    if (message_.empty()) message_ = "at offset " + std::to_string(at) + ": " + std::string(what);
    return false;
  }
  bool fail(std::string_view what) { return fail_at(at_, what); }

  // Blanks may stand before a segment, not behind the last.
  bool segments(PathQuery& query) {
    while (true) {
      const auto before = at_;
      skip_blanks();
      if (next() != '.' && next() != '[') {
        at_ = before;
        return true;
      }
      PathSegment segment;
      if (!read_segment(segment)) return false;
      query.segments.push_back(std::move(segment));
    }
  }

  bool read_segment(PathSegment& segment) {
    if (next() == '[') return bracketed(segment);
    ++at_;
    segment.descendant = take('.');
    if (segment.descendant && next() == '[') return bracketed(segment);
    PathSelector selector;
    if (!take('*')) {
      selector.kind = PathSelector::Kind::name;
      if (!member_name(selector.name)) return false;
    }
    segment.selectors.push_back(std::move(selector));
    return true;
  }

  bool member_name(std::string& name) {
    if (!more() || !is_name_first(next())) return fail("expected a member's name or '*'");
    while (more() && (is_name_first(next()) || is_digit(next()))) name += text_[at_++];
    return true;
  }

  bool bracketed(PathSegment& segment) {
    ++at_;
    do {
      skip_blanks();
      PathSelector selector;
      if (!read_selector(selector)) return false;
      segment.selectors.push_back(std::move(selector));
      skip_blanks();
    } while (take(','));
    return take(']') || fail("expected ',' or ']'");
  }

  bool read_selector(PathSelector& selector) {
    if (next() == '\'' || next() == '"') {
      selector.kind = PathSelector::Kind::name;
      return quoted(selector.name);
    }
    if (take('*')) return true;
    if (take('?')) {
      selector.kind = PathSelector::Kind::filter;
      skip_blanks();
      selector.filter = any();
      return selector.filter != nullptr;
    }
    if (is_digit(next()) || next() == '-' || next() == ':') return index_or_slice(selector);
    return fail("expected a name in quotes, a number, a slice, '*' or '?'");
  }

  bool index_or_slice(PathSelector& selector) {
    selector.kind = PathSelector::Kind::index;
    if (next() != ':') {
      if (!integer(selector.index)) return false;
      const auto before = at_;
      skip_blanks();
      if (next() != ':') {
        at_ = before;
        return true;
      }
      selector.start = selector.index;
    }
    selector.kind = PathSelector::Kind::slice;
    ++at_;
    if (!slice_number(selector.end)) return false;
    if (!take(':')) return true;
    std::optional<std::int64_t> step;
    if (!slice_number(step)) return false;
    selector.step = step.value_or(1);
    return true;
  }

  bool slice_number(std::optional<std::int64_t>& number) {
    skip_blanks();
    if (!is_digit(next()) && next() != '-') return true;
    std::int64_t value = 0;
    if (!integer(value)) return false;
    number = value;
    skip_blanks();
    return true;
  }

  bool integer(std::int64_t& number) {
    const auto start = at_;
    const bool negative = take('-');
    const auto digits = at_;
    while (is_digit(next())) ++at_;
    const auto length = at_ - digits;
    if (length == 0) return fail("expected a digit");
    if (text_[digits] == '0' && (length > 1 || negative)) return fail_at(start, "a whole number has no leading zero and no -0");
    const auto read = std::from_chars(text_.data() + start, text_.data() + at_, number);
    if (read.ec != std::errc() || number > kIndexMax || number < -kIndexMax) {
      return fail_at(start, "is beyond the range of whole numbers (2^53 - 1)");
    }
    return true;
  }

  bool quoted(std::string& text) {
    const auto start = at_;
    const char quote = text_[at_++];
    while (more() && next() != quote) {
      if (static_cast<unsigned char>(next()) < 0x20) return fail("a control character must be escaped");
      if (next() == '\\') {
        if (!escaped(text, quote)) return false;
      } else {
        text += text_[at_++];
      }
    }
    return take(quote) || fail_at(start, "the text has no end");
  }

  bool escaped(std::string& text, char quote) {
    const auto start = at_++;
    const char c = next();
    ++at_;
    constexpr std::string_view kMarks = "bfnrt/\\";
    constexpr std::string_view kMeant = "\b\f\n\r\t/\\";
    if (c == quote) {
      text += quote;
    } else if (const auto known = kMarks.find(c); known != std::string_view::npos) {
      text += kMeant[known];
    } else {
      std::uint32_t code = 0;
      if (c != 'u' || !code_point(code)) return fail_at(start, "is not an escape");
      append_utf8(text, code);
    }
    return true;
  }

  bool four_hex(std::uint32_t& code) {
    if (at_ + 4 > text_.size()) return false;
    const auto read = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, code, 16);
    if (read.ptr != text_.data() + at_ + 4) return false;
    at_ += 4;
    return true;
  }

  // Behind \u: one code unit, or a pair of surrogates.
  bool code_point(std::uint32_t& code) {
    if (!four_hex(code) || (code >= 0xdc00 && code < 0xe000)) return false;
    if (code < 0xd800 || code >= 0xe000) return true;
    std::uint32_t low = 0;
    if (!take("\\u") || !four_hex(low) || low < 0xdc00 || low >= 0xe000) return false;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    return true;
  }

  // --- filters ---

  class Nested {
   public:
    explicit Nested(Parser& parser) : parser_(parser) { ++parser_.depth_; }
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Parser& parser_;
  };

  // or-expressions of and-expressions. Null after an error.
  PathFilterPtr any() {
    const Nested nested(*this);
    if (depth_ > kPathNestingMax) return none("is nested too deep");
    return chain(PathFilter::Kind::any, "||", [this] { return all(); });
  }
  PathFilterPtr all() {
    return chain(PathFilter::Kind::all, "&&", [this] { return basic(); });
  }

  template <class Part>
  PathFilterPtr chain(PathFilter::Kind kind, std::string_view word, Part part) {
    auto filter = std::make_unique<PathFilter>();
    filter->kind = kind;
    while (true) {
      skip_blanks();
      auto one = part();
      if (!one) return nullptr;
      filter->parts.push_back(std::move(one));
      const auto before = at_;
      skip_blanks();
      if (take(word)) continue;
      at_ = before;
      if (filter->parts.size() == 1) return std::move(filter->parts.front());
      return filter;
    }
  }

  PathFilterPtr none(std::string_view what) {
    fail(what);
    return nullptr;
  }

  PathFilterPtr basic() {
    if (take('!')) {
      skip_blanks();
      return negated(next() == '(' ? parenthesized() : test());
    }
    if (next() == '(') return parenthesized();
    return comparison_or_test();
  }

  PathFilterPtr parenthesized() {
    ++at_;
    auto filter = any();
    if (!filter) return nullptr;
    skip_blanks();
    return take(')') ? std::move(filter) : none("expected ')'");
  }

  static PathFilterPtr negated(PathFilterPtr part) {
    if (!part) return nullptr;
    auto filter = std::make_unique<PathFilter>();
    filter->kind = PathFilter::Kind::negation;
    filter->parts.push_back(std::move(part));
    return filter;
  }

  PathFilterPtr test() {
    const auto start = at_;
    PathOperand operand;
    if (!read_operand(operand)) return nullptr;
    return as_test(std::move(operand), start);
  }

  PathFilterPtr as_test(PathOperand operand, std::size_t start) {
    auto filter = std::make_unique<PathFilter>();
    filter->kind = PathFilter::Kind::exists;
    if (operand.kind == PathOperand::Kind::literal) {
      fail_at(start, "a literal must be compared");
      return nullptr;
    }
    if (operand.kind == PathOperand::Kind::call) {
      filter->kind = PathFilter::Kind::call;
      if (!words_of(operand.function).logical) {
        fail_at(start, "the function's result must be compared");
        return nullptr;
      }
    }
    filter->left = std::move(operand);
    return filter;
  }

  PathFilterPtr comparison_or_test() {
    const auto start = at_;
    auto filter = std::make_unique<PathFilter>();
    if (!read_operand(filter->left)) return nullptr;
    const auto before = at_;
    skip_blanks();
    if (!comparison_word(filter->comparison)) {
      at_ = before;
      return as_test(std::move(filter->left), start);
    }
    filter->kind = PathFilter::Kind::comparison;
    skip_blanks();
    const auto right = at_;
    if (!read_operand(filter->right)) return nullptr;
    if (!is_comparable(filter->left, start) || !is_comparable(filter->right, right)) return nullptr;
    return filter;
  }

  bool comparison_word(PathComparison& comparison) {
    constexpr std::pair<std::string_view, PathComparison> kWords[] = {
        {"==", PathComparison::eq},  {"!=", PathComparison::ne}, {"<=", PathComparison::lte},
        {">=", PathComparison::gte}, {"<", PathComparison::lt},  {">", PathComparison::gt},
    };
    for (const auto& [word, meaning] : kWords) {
      if (!take(word)) continue;
      comparison = meaning;
      return true;
    }
    return false;
  }

  bool is_comparable(const PathOperand& operand, std::size_t start) {
    if (operand.kind == PathOperand::Kind::query && !operand.query.singular()) {
      return fail_at(start, "only a path that selects one value can be compared");
    }
    if (operand.kind == PathOperand::Kind::call && words_of(operand.function).logical) {
      return fail_at(start, "the function's result cannot be compared");
    }
    return true;
  }

  bool read_operand(PathOperand& operand) {
    if (next() == '@' || next() == '$') {
      operand.kind = PathOperand::Kind::query;
      operand.query.relative = text_[at_++] == '@';
      return segments(operand.query);
    }
    if (next() == '\'' || next() == '"') {
      std::string text;
      if (!quoted(text)) return false;
      operand.literal = std::string_view(text);
      return true;
    }
    if (is_digit(next()) || next() == '-') return number(operand.literal);
    if (is_lower(next())) return word(operand);
    return fail("expected a path, a literal or a function");
  }

  // A JSON number, but for -0, which the standard allows here too.
  bool number(bj::value& literal) {
    const auto start = at_;
    take('-');
    const auto digits = [this] {
      const auto first = at_;
      while (is_digit(next())) ++at_;
      return at_ > first;
    };
    const auto whole = at_;
    if (!digits()) return fail("expected a digit");
    if (text_[whole] == '0' && at_ - whole > 1) return fail_at(start, "a number has no leading zero");
    if (take('.') && !digits()) return fail("expected a digit");
    if (next() == 'e' || next() == 'E') {
      ++at_;
      if (!take('-')) take('+');
      if (!digits()) return fail("expected a digit");
    }
    auto value = parse(text_.substr(start, at_ - start));
    if (!value) return fail_at(start, "is beyond the range of numbers");
    literal = std::move(*value);
    return true;
  }

  bool word(PathOperand& operand) {
    const auto start = at_;
    while (is_lower(next()) || is_digit(next()) || next() == '_') ++at_;
    const auto name = text_.substr(start, at_ - start);
    if (next() == '(') return call(operand, name, start);
    if (name == "true" || name == "false") {
      operand.literal = name == "true";
      return true;
    }
    return name == "null" || fail_at(start, "expected a path, a literal or a function");
  }

  bool call(PathOperand& operand, std::string_view name, std::size_t start) {
    const Nested nested(*this);
    if (depth_ > kPathNestingMax) return fail("is nested too deep");
    const auto* known =
        std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const auto& f) { return f.name == name; });
    if (known == std::end(kFunctions)) {
      return fail_at(start, "there are the functions length, count, value, match and search");
    }
    operand.kind = PathOperand::Kind::call;
    operand.function = known->function;
    ++at_;
    skip_blanks();
    while (next() != ')') {
      if (!operand.arguments.empty() && !take(',')) return fail("expected ',' or ')'");
      skip_blanks();
      const auto argument_start = at_;
      if (!read_operand(operand.arguments.emplace_back())) return false;
      if (!is_argument(*known, operand.arguments.back(), argument_start)) return false;
      skip_blanks();
    }
    ++at_;
    if (operand.arguments.size() != known->arguments) {
      return fail_at(start, "takes " + std::to_string(known->arguments) + (known->arguments == 1 ? " argument" : " arguments"));
    }
    prepare_pattern(operand, *known);
    return true;
  }

  bool is_argument(const FunctionWords& function, const PathOperand& argument, std::size_t start) {
    if (function.nodes) {
      return argument.kind == PathOperand::Kind::query || fail_at(start, "the argument must be a path");
    }
    return is_comparable(argument, start);
  }

  // What is no I-Regexp never matches (RFC 9535, 2.4.6).
  static void prepare_pattern(PathOperand& operand, const FunctionWords& function) {
    if (!function.logical) return;
    const auto& argument = operand.arguments.back();
    if (argument.kind != PathOperand::Kind::literal || !argument.literal.is_string()) return;
    const auto& text = argument.literal.get_string();
    if (const auto pattern = to_re2({text.data(), text.size()})) operand.pattern = Pattern::compile(*pattern);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::string message_;
};

}  // namespace

bool PathQuery::singular() const {
  return std::all_of(segments.begin(), segments.end(), [](const PathSegment& segment) {
    const auto kind = segment.selectors.front().kind;
    return !segment.descendant && segment.selectors.size() == 1 &&
           (kind == PathSelector::Kind::name || kind == PathSelector::Kind::index);
  });
}

Result<PathQuery> parse_path(std::string_view text, const std::string& field) {
  PathQuery query;
  Parser parser(text);
  if (!parser.run(query)) return invalid(field, parser.message(), "invalid_path");
  return query;
}

}  // namespace posthorn::json
