#include "api/kit/precondition.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

enum class Holds { yes, no, unreadable };

Holds outcome(const Status& status) {
  if (status) return Holds::yes;
  return status.error().kind == ErrorKind::precondition_failed ? Holds::no : Holds::unreadable;
}

struct Row {
  std::string_view header;
  std::string_view value;
  std::optional<std::int64_t> revision;
  Holds expected;
};

TEST(CheckPreconditions, ComparesListsOfTagsWithTheRevision) {
  const std::vector<Row> rows{
      {"If-Match", "\"3\"", 3, Holds::yes},
      {"if-match", "\"3\"", 3, Holds::yes},
      {"If-Match", "\"2\"", 3, Holds::no},
      {"If-Match", "\"2\", \"3\"", 3, Holds::yes},
      {"If-Match", "\"03\"", 3, Holds::no},
      {"If-Match", "W/\"3\"", 3, Holds::no},
      {"If-Match", "*", 3, Holds::yes},
      {"If-Match", "*", {}, Holds::no},
      {"If-Match", "\"3\"", {}, Holds::no},
      {"If-Match", "\"\"", {}, Holds::no},
      {"If-Match", "3", 3, Holds::unreadable},
      {"If-Match", "\"3", 3, Holds::unreadable},
      {"If-Match", "\"", 3, Holds::unreadable},
      {"If-Match", "", 3, Holds::unreadable},
      {"If-Match", "\"3\",", 3, Holds::unreadable},
      {"If-Match", "\"3\" \"4\"", 3, Holds::unreadable},
      {"If-None-Match", "*", {}, Holds::yes},
      {"If-None-Match", "*", 3, Holds::no},
      {"If-None-Match", "\"3\"", 3, Holds::no},
      {"If-None-Match", "W/\"3\"", 3, Holds::no},
      {"If-None-Match", "\"2\"", 3, Holds::yes},
      {"If-None-Match", "x", 3, Holds::unreadable},
  };
  for (const auto& row : rows) {
    net::HeaderViews headers;
    headers.add(row.header, row.value);
    const auto status = check_preconditions(headers, row.revision);
    EXPECT_EQ(outcome(status), row.expected) << row.header << ": " << row.value;
    if (!status) {
      EXPECT_EQ(to_ascii_lower(status.error().field), to_ascii_lower(row.header));
    }
  }
  EXPECT_TRUE(check_preconditions({}, 3));
  EXPECT_TRUE(check_preconditions({}, {}));
}

TEST(CheckPreconditions, RefusesAHeaderThatIsThereTwice) {
  net::HeaderViews headers;
  headers.add("If-Match", "\"3\"");
  headers.add("if-match", "\"4\"");
  EXPECT_EQ(outcome(check_preconditions(headers, 3)), Holds::unreadable);
}

TEST(ExplainLostRace, IsAConflictForCallersWhoSetNoCondition) {
  const Error lost{ErrorKind::precondition_failed, "precondition_failed", "", {}, {}};
  net::HeaderViews headers;
  EXPECT_EQ(explain_lost_race(lost, headers).kind, ErrorKind::conflict);
  EXPECT_EQ(explain_lost_race(unavailable("x"), headers).kind, ErrorKind::unavailable);
  headers.add("If-Match", "*");
  EXPECT_EQ(explain_lost_race(lost, headers).kind, ErrorKind::precondition_failed);
}

}  // namespace
}  // namespace posthorn::api
