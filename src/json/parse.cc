#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <numeric>

#include "base/limits.h"
#include "json/reader.h"
#include "json/syntax_error.h"
#include "json/words.h"

namespace posthorn::json {
namespace {

using bj::error_code;
using Text = bj::string_view;

// What a name that an object has twice means: an error, or that the last of them counts.
enum class Repeats : std::uint8_t { refused, last_counts };

// Builds the value as Boost.JSON's own parser does, and remembers the names of the objects that are open, to find the repeated
// ones: Boost.JSON would keep the last of them silently.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = bj::object::max_size();
  static constexpr std::size_t max_array_size = bj::array::max_size();
  static constexpr std::size_t max_key_size = bj::string::max_size();
  static constexpr std::size_t max_string_size = bj::string::max_size();

  explicit ValueBuilder(Repeats repeats) : keeps_names_(repeats == Repeats::refused) { values_.reset(); }
  bj::value release() { return values_.release(); }
  std::optional<Error>& error() { return error_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) {
    levels_.push_back({Level::Kind::object, names_.size(), 0});
    return true;
  }
  bool on_object_end(std::size_t count, error_code& code) {
    if (const auto repeated = keeps_names_ ? repeated_name() : std::nullopt) {
      error_ = duplicate_member(path_of(*repeated), *repeated);
      code = bj::error::syntax;
      return false;
    }
    values_.push_object(count);
    close_level();
    return true;
  }
  bool on_array_begin(error_code&) {
    levels_.push_back({Level::Kind::array, names_.size(), 0});
    return true;
  }
  bool on_array_end(std::size_t count, error_code&) {
    values_.push_array(count);
    close_level();
    return true;
  }
  bool on_key_part(Text part, std::size_t, error_code&) {
    if (keeps_names_) name_ += std::string_view(part.data(), part.size());
    values_.push_chars(part);
    return true;
  }
  bool on_key(Text part, std::size_t, error_code&) {
    if (keeps_names_) {
      name_ += std::string_view(part.data(), part.size());
      names_.push_back(std::move(name_));
      name_.clear();
    }
    values_.push_key(part);
    return true;
  }
  bool on_string_part(Text part, std::size_t, error_code&) {
    values_.push_chars(part);
    return true;
  }
  bool on_string(Text part, std::size_t, error_code&) {
    values_.push_string(part);
    return value_ends();
  }
  bool on_number_part(Text, error_code&) { return true; }
  bool on_int64(std::int64_t value, Text, error_code&) {
    values_.push_int64(value);
    return value_ends();
  }
  bool on_uint64(std::uint64_t value, Text, error_code&) {
    values_.push_uint64(value);
    return value_ends();
  }
  bool on_double(double value, Text text, error_code& code) {
    if (!read_double({text.data(), text.size()}, value)) {
      code = bj::error::exponent_overflow;
      return false;
    }
    values_.push_double(value);
    return value_ends();
  }
  bool on_bool(bool value, error_code&) {
    values_.push_bool(value);
    return value_ends();
  }
  bool on_null(error_code&) {
    values_.push_null();
    return value_ends();
  }
  bool on_comment_part(Text, error_code&) { return true; }
  bool on_comment(Text, error_code&) { return true; }

 private:
  struct Level {
    enum class Kind : std::uint8_t { object, array } kind;
    std::size_t first_name;  // where the object's names begin in names_
    std::size_t index;       // of the array's element that is being read
  };

  bool value_ends() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }
  void close_level() {
    names_.resize(levels_.back().first_name);
    levels_.pop_back();
    value_ends();
  }

  // A name that the innermost object has twice.
  std::optional<std::string> repeated_name() const {
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(levels_.back().first_name);
    constexpr std::ptrdiff_t kFew = 16;
    if (names_.end() - first <= kFew) {
      for (auto name = first; name != names_.end(); ++name) {
        if (std::find(first, name, *name) != name) return *name;
      }
      return std::nullopt;
    }
    std::vector<std::string_view> sorted(first, names_.end());
    std::sort(sorted.begin(), sorted.end());
    const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
    if (repeated == sorted.end()) return std::nullopt;
    return std::string(*repeated);
  }

  // The path of the member `name` of the innermost object.
  std::string path_of(std::string_view name) const {
    std::string path;
    for (std::size_t i = 0; i + 1 < levels_.size(); ++i) {
      const Level& level = levels_[i];
      path = level.kind == Level::Kind::array ? join_path(path, std::to_string(level.index))
                                              : join_path(path, names_[levels_[i + 1].first_name - 1]);
    }
    return join_path(path, name);
  }

  const bool keeps_names_;
  bj::value_stack values_;
  std::vector<Level> levels_;
  std::vector<std::string> names_;  // of the objects that are open, outermost first
  std::string name_;                // the parts of the one that is being read
  std::optional<Error> error_;
};

class ValueParser : public bj::basic_parser<ValueBuilder> {
 public:
  ValueParser(const bj::parse_options& options, Repeats repeats) : basic_parser(options, repeats) {}
};

Result<bj::value> parse(std::string_view text, Repeats repeats) {
  bj::parse_options options;
  options.max_depth = kJsonDepthMax;
  ValueParser parser(options, repeats);
  error_code code;
  std::size_t read = parser.write_some(false, text.data(), text.size(), code);
  if (!code && read < text.size()) code = bj::error::extra_data;
  if (!code) return parser.handler().release();
  if (parser.handler().error()) return std::move(*parser.handler().error());
  return syntax_error(text, read, code);
}

}  // namespace

Result<bj::value> parse(std::string_view text) { return parse(text, Repeats::refused); }
Result<bj::value> parse_last_counts(std::string_view text) { return parse(text, Repeats::last_counts); }

}  // namespace posthorn::json
