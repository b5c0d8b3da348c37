// How SQLite carries out the query behind statistics: whatever was delivered, it reads the counters' rows of one series and
// nothing else.
#include <gtest/gtest.h>

#include "store/sqlite/migrations.h"
#include "store/sqlite/statistics_rows.h"

namespace posthorn::store::sqlite {
namespace {

TEST(StatisticsQuery, ReadsTheCountersOfOneSeriesByTheirKey) {
  Connection connection(":memory:", Connection::Mode::read_write, {});
  ASSERT_TRUE(migrate(connection));
  const std::string sql = std::string("EXPLAIN QUERY PLAN ") + kReadStatisticsSql;
  Statement explain(connection, sql.c_str());
  std::string plan;
  for (Cursor row = explain.open(1, 2, std::string_view("t"), 3, 4); row.next();) plan += std::string(row.text(3)) + "; ";
  EXPECT_NE(plan.find("SEARCH statistics USING PRIMARY KEY (tenant=? AND subscription=? AND topic=? AND hour>? AND hour<?)"),
            std::string::npos)
      << plan;
  for (const char* other : {"deliveries", "events", "attempts", "SCAN statistics", "TEMP B-TREE"}) {
    EXPECT_EQ(plan.find(other), std::string::npos) << plan;
  }
}

TEST(StatisticsQuery, StepsThroughItsHoursOnlyAmongAHundredThousandRows) {
  Connection connection(":memory:", Connection::Mode::read_write, {});
  ASSERT_TRUE(migrate(connection));
  connection.execute(
      "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) INSERT INTO statistics "
      "SELECT 1, i / 100, '', i % 100, x'0101' FROM n");
  Statement query(connection, kReadStatisticsSql);
  int rows = 0;
  for (Cursor row = query.open(1, 500, std::string_view(""), 10, 34); row.next();) ++rows;
  EXPECT_EQ(rows, 24);
  StatisticsReads reads(connection);
  const auto hours = reads.read({TenantKey{1}, SubscriptionKey{500}, "", 10, 34});
  ASSERT_EQ(hours.size(), 24U);
  EXPECT_EQ(hours.front().hour, 10);
  EXPECT_EQ(hours.front().counters.of(domain::Counters::delivered), 1U);
}

}  // namespace
}  // namespace posthorn::store::sqlite
