// The hot path of publishing: members and elements as the bytes that they are.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>

#include "base/limits.h"
#include "json/reader.h"
#include "json/syntax_error.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

using bj::error_code;
using Text = bj::string_view;

// Builds nothing: the parser alone checks grammar, UTF-8 and depth.
struct Checker {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(Text, std::size_t, error_code&) { return true; }
  bool on_key(Text, std::size_t, error_code&) { return true; }
  bool on_string_part(Text, std::size_t, error_code&) { return true; }
  bool on_string(Text, std::size_t, error_code&) { return true; }
  bool on_number_part(Text, error_code&) { return true; }
  bool on_int64(std::int64_t, Text, error_code&) { return true; }
  bool on_uint64(std::uint64_t, Text, error_code&) { return true; }
  bool on_double(double value, Text text, error_code& code) {
    constexpr double kSurelyFinite = 1e300;
    if (std::fabs(value) < kSurelyFinite || read_double({text.data(), text.size()}, value)) return true;
    code = bj::error::exponent_overflow;
    return false;
  }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(Text, error_code&) { return true; }
  bool on_comment(Text, error_code&) { return true; }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bj::parse_options one_level_deeper() {
  bj::parse_options options;
  options.max_depth = kJsonDepthMax - 1;  // the object or array that the splitter itself walks is the first level
  return options;
}

// Walks the outermost object or array itself and lets the parser check each value in it.
class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text), parser_(one_level_deeper()) { skip_space(); }

  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool at_end() const { return at_ == text_.size(); }
  bool skip(char c) {
    if (!at(c)) return false;
    ++at_;
    skip_space();
    return true;
  }

  // The value here, without the space around it; moves behind that. Nothing: error() says why.
  std::optional<std::string_view> value() {
    parser_.reset();
    error_code code;
    const std::size_t read = parser_.write_some(false, text_.data() + at_, text_.size() - at_, code);
    const std::size_t start = at_;
    at_ += read;
    if (code) {
      code_ = code;
      return std::nullopt;
    }
    std::size_t end = at_;
    while (is_space(text_[end - 1])) --end;
    return text_.substr(start, end - start);
  }

  Error error() const { return syntax_error(text_, at_, code_); }

  // For text whose outermost value is not what is wanted: it may still be malformed.
  Error not_a(std::string_view wanted) {
    if (value() && at_end()) return invalid({}, "must be " + std::string(wanted), "wrong_type");
    return error();
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  error_code code_ = bj::error::syntax;
  bj::basic_parser<Checker> parser_;
};

Error too_many(std::string_view things, std::size_t max) {
  return invalid({}, "must have at most " + std::to_string(max) + " " + std::string(things), "too_long");
}

std::string decoded(std::string_view name) { return raw_string("\"" + std::string(name) + "\"").value_or(std::string(name)); }

// The name that two members share after their escapes are decoded. Few members, as always on the hot path, are compared as they
// are written.
std::optional<std::string> repeated_name(const std::vector<RawMember>& members) {
  constexpr std::size_t kFew = 16;
  const auto has_escape = [](const RawMember& m) { return m.name.find('\\') != std::string_view::npos; };
  if (members.size() <= kFew && std::none_of(members.begin(), members.end(), has_escape)) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (members[i].name == members[j].name) return std::string(members[i].name);
      }
    }
    return std::nullopt;
  }
  std::vector<std::string> names;
  names.reserve(members.size());
  for (const auto& member : members) names.push_back(has_escape(member) ? decoded(member.name) : std::string(member.name));
  std::sort(names.begin(), names.end());
  const auto repeated = std::adjacent_find(names.begin(), names.end());
  if (repeated == names.end()) return std::nullopt;
  return *repeated;
}

// Reads `name : value` and appends it.
bool read_member(Splitter& splitter, std::vector<RawMember>& members) {
  if (!splitter.at('"')) return false;
  const auto name = splitter.value();
  if (!name || !splitter.skip(':')) return false;
  const auto value = splitter.value();
  if (!value) return false;
  members.push_back({name->substr(1, name->size() - 2), *value});
  return true;
}

}  // namespace

Result<std::vector<RawMember>> raw_members(std::string_view text) {
  Splitter splitter(text);
  if (!splitter.skip('{')) return splitter.not_a("an object");
  std::vector<RawMember> members;
  if (!splitter.skip('}')) {
    members.reserve(8);
    do {
      if (members.size() == kRawMembersMax) return too_many("members", kRawMembersMax);
      if (!read_member(splitter, members)) return splitter.error();
    } while (splitter.skip(','));
    if (!splitter.skip('}')) return splitter.error();
  }
  if (!splitter.at_end()) return splitter.error();
  if (const auto name = repeated_name(members)) return duplicate_member(join_path({}, *name), *name);
  return members;
}

Result<std::vector<std::string_view>> raw_elements(std::string_view text) {
  Splitter splitter(text);
  if (!splitter.skip('[')) return splitter.not_a("an array");
  std::vector<std::string_view> elements;
  if (!splitter.skip(']')) {
    do {
      if (elements.size() == kRawElementsMax) return too_many("elements", kRawElementsMax);
      const auto element = splitter.value();
      if (!element) return splitter.error();
      elements.push_back(*element);
    } while (splitter.skip(','));
    if (!splitter.skip(']')) return splitter.error();
  }
  if (!splitter.at_end()) return splitter.error();
  return elements;
}

std::optional<std::string> raw_string(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return std::nullopt;
  const auto inside = raw.substr(1, raw.size() - 2);
  if (inside.find_first_of("\\\"") == std::string_view::npos) return std::string(inside);
  const auto value = parse(raw);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace posthorn::json
