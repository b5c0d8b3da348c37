#include "api/kit/precondition.h"

#include <string>
#include <string_view>

#include "api/kit/answer.h"
#include "base/text.h"

namespace posthorn::api {
namespace {

constexpr std::string_view kIfMatch = "If-Match";
constexpr std::string_view kIfNoneMatch = "If-None-Match";

enum class Comparison { strong, weak };
enum class Listed { no, yes, unreadable };

bool is_tag_text(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte != 0x21 && (byte < 0x23 || byte > 0x7e) && byte < 0x80) return false;
  }
  return true;
}

// One element of the list, with its quotes. Weak tags match in a weak comparison only.
Listed match_one(std::string_view element, std::string_view tag, Comparison comparison) {
  const bool weak = element.starts_with("W/");
  if (weak) element.remove_prefix(2);
  if (element.size() < 2 || element.front() != '"' || element.back() != '"') return Listed::unreadable;
  if (!is_tag_text(element.substr(1, element.size() - 2))) return Listed::unreadable;
  if (weak && comparison == Comparison::strong) return Listed::no;
  return element == tag ? Listed::yes : Listed::no;
}

// Our tags are quoted numbers, so splitting at commas is right for every list that could match; a comma inside somebody
// else's tag makes the list unreadable.
Listed match_list(std::string_view list, std::optional<std::int64_t> revision, Comparison comparison) {
  if (trim(list) == "*") return revision ? Listed::yes : Listed::no;
  const std::string tag = revision ? entity_tag(*revision) : std::string();
  Listed listed = Listed::no;
  while (true) {
    const auto comma = list.find(',');
    const Listed one = match_one(trim(list.substr(0, comma)), tag, comparison);
    if (one == Listed::unreadable) return one;
    if (one == Listed::yes) listed = Listed::yes;
    if (comma == std::string_view::npos) return listed;
    list.remove_prefix(comma + 1);
  }
}

Error unreadable(std::string_view header) {
  return {ErrorKind::malformed, "bad_precondition", "must be * or a list of quoted entity tags", std::string(header), {}};
}

Error failed(std::string_view header, std::string message) {
  return {ErrorKind::precondition_failed, "precondition_failed", std::move(message), std::string(header), {}};
}

}  // namespace

Status check_preconditions(const net::HeaderViews& headers, std::optional<std::int64_t> revision) {
  if (headers.count(kIfMatch) > 1) return unreadable(kIfMatch);
  if (headers.count(kIfNoneMatch) > 1) return unreadable(kIfNoneMatch);
  if (const auto list = headers.find(kIfMatch); list.data() != nullptr) {
    const Listed listed = match_list(list, revision, Comparison::strong);
    if (listed == Listed::unreadable) return unreadable(kIfMatch);
    if (listed == Listed::no) return failed(kIfMatch, "The object is not at this revision; read it again.");
  }
  if (const auto list = headers.find(kIfNoneMatch); list.data() != nullptr) {
    const Listed listed = match_list(list, revision, Comparison::weak);
    if (listed == Listed::unreadable) return unreadable(kIfNoneMatch);
    if (listed == Listed::yes) return failed(kIfNoneMatch, "The object is there already.");
  }
  return {};
}

Error explain_lost_race(Error error, const net::HeaderViews& headers) {
  if (error.kind != ErrorKind::precondition_failed || headers.find(kIfMatch).data() != nullptr) return error;
  return conflict({}, "Another change came in between; try again.", "concurrent_change");
}

}  // namespace posthorn::api
