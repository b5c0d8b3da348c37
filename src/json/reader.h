// Strict reading of JSON that callers send: depth and duplicate checks, and one place that makes the error for each member.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::json {

namespace bj = boost::json;

// Parses one JSON value (RFC 8259) of at most kJsonDepthMax levels; numbers are whole (int64, uint64) or the nearest double.
// Errors, of kind malformed: malformed_json with line and column (syntax, invalid UTF-8, a byte order mark, text behind the
// value); unsupported_json likewise (levels, lone surrogates, numbers beyond double's range); duplicate_member with the path.
Result<bj::value> parse(std::string_view text);
// The same, but of members with the same name the last one counts: for payloads, which raw_members() let in.
Result<bj::value> parse_last_counts(std::string_view text);

// One member of an object, as views into the text.
struct RawMember {
  std::string_view name;   // as written between its quotes: escapes are not decoded
  std::string_view value;  // exactly its bytes, with its own quotes or brackets, without the space around it
};
inline constexpr std::size_t kRawMembersMax = 4096;
inline constexpr std::size_t kRawElementsMax = 65'536;

// The members of the object that `text` is, in order, without building anything: the whole text is checked in one pass
// (grammar, UTF-8, depth, ranges of numbers), under half a microsecond for a body of 512 bytes. Two members whose names are the
// same after decoding are an error here; objects further inside are not looked into for that (parse() does). A name that was
// written with escapes compares unequal to the plain word, so it counts as an unknown member. Errors: as for parse();
// wrong_type when the text is no object; too_long beyond kRawMembersMax.
Result<std::vector<RawMember>> raw_members(std::string_view text);
// The elements of the array that `text` is, likewise; too_long beyond kRawElementsMax.
Result<std::vector<std::string_view>> raw_elements(std::string_view text);
// The text of a raw JSON string value; nothing when `raw` is not a string.
std::optional<std::string> raw_string(std::string_view raw);

// Reads an object's members one after the other and remembers the first error. Use:
//   ObjectReader reader(object, "retry");
//   reader.integer("baseMs", base, 1, 86'400'000);
//   reader.only_these();           // whatever was not asked for is an error: unknown member
//   if (!reader.ok()) return reader.error();
// An absent member leaves its target as it is; required() makes absence an error. null counts as absent only where said.
class ObjectReader {
 public:
  ObjectReader(const bj::object& object, std::string path);

  ObjectReader& required(std::string_view name);
  ObjectReader& string(std::string_view name, std::string& target, std::size_t bytes_max, std::size_t bytes_min = 0);
  ObjectReader& optional_string(std::string_view name, std::optional<std::string>& target,
                                std::size_t bytes_max);  // null: reset
  ObjectReader& boolean(std::string_view name, bool& target);
  ObjectReader& integer(std::string_view name, std::int64_t& target, std::int64_t min, std::int64_t max);
  ObjectReader& number(std::string_view name, double& target, double min, double max);
  // The member's value, when it is there; the caller reads it. Null when absent.
  const bj::value* member(std::string_view name);
  const bj::object* object(std::string_view name);  // error when it is there and not an object
  const bj::array* array(std::string_view name, std::size_t items_max);

  void only_these();
  void fail(Error error);                          // keeps the first
  std::string field(std::string_view name) const;  // path + "/" + name
  bool ok() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  const bj::object& object_;
  std::string path_;
  std::vector<std::string_view> asked_;
  std::optional<Error> error_;
};

}  // namespace posthorn::json
