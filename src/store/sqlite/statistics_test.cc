// The query behind statistics: whatever was delivered, it reads the counters' rows of one series and nothing else. And the log
// from which those rows come.
#include <gtest/gtest.h>

#include <array>

#include "base/limits.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/statistics_log.h"
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

// How many steps of its virtual machine SQLite makes for a day of one series.
int steps_of_a_day(Connection& connection) {
  sqlite3_stmt* query = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(connection.handle(), kReadStatisticsSql, -1, &query, nullptr), SQLITE_OK);
  const std::array<std::int64_t, 5> values{1, 5, 0, 10, 34};
  for (int i = 0; i < 5; ++i) sqlite3_bind_int64(query, i + 1, values.at(static_cast<std::size_t>(i)));
  sqlite3_bind_text(query, 3, "", 0, SQLITE_STATIC);
  int rows = 0;
  while (sqlite3_step(query) == SQLITE_ROW) ++rows;
  EXPECT_EQ(rows, 24);
  const int steps = sqlite3_stmt_status(query, SQLITE_STMTSTATUS_VM_STEP, 0);
  sqlite3_finalize(query);
  return steps;
}

TEST(StatisticsQuery, TakesTheSameStepsAmongAMillionRowsAsAmongAThousand) {
  Connection connection(":memory:", Connection::Mode::read_write, {});
  ASSERT_TRUE(migrate(connection));
  const auto fill = [&](int from, int until) {
    connection.execute("WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) + " UNION ALL SELECT i + 1 FROM n WHERE i < " +
                       std::to_string(until - 1) + ") INSERT INTO statistics SELECT 1, i / 100, '', i % 100, x'0101' FROM n");
  };
  fill(0, 1'000);
  const int before = steps_of_a_day(connection);
  fill(1'000, 1'000'000);
  EXPECT_EQ(steps_of_a_day(connection), before);
  StatisticsReads reads(connection);
  const auto hours = reads.read({TenantKey{1}, SubscriptionKey{5}, "", 10, 34});
  ASSERT_EQ(hours.size(), 24U);
  EXPECT_EQ(hours.front().hour, 10);
  EXPECT_EQ(hours.front().counters.of(domain::Counters::delivered), 1U);
}

// The writer's part of a database, with tenant 1.
class CountedTransactions : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(migrate(connection_)); }

  domain::Event event(std::int64_t tenant, std::string topic) {
    domain::Event made;
    made.tenant = {tenant};
    made.topic = std::move(topic);
    return made;
  }
  std::uint64_t accepted(std::int64_t tenant, std::string topic = "") {
    std::uint64_t sum = 0;
    for (const auto& hour : StatisticsReads(connection_).read({{tenant}, {}, std::move(topic), 0, 100})) {
      sum += hour.counters.of(domain::Counters::accepted);
    }
    return sum;
  }
  std::int64_t log_rows() { return connection_.query_integer("SELECT count(*) FROM statistics_log"); }

  Connection connection_{":memory:", Connection::Mode::read_write, {}};
  Known known_{connection_};
  StatisticsLog log_{connection_, known_};
};

TEST_F(CountedTransactions, AreOneRowEachUntilTheyAreFolded) {
  log_.write();
  EXPECT_EQ(log_rows(), 0) << "nothing was counted";
  for (int transaction = 0; transaction < 3; ++transaction) {
    for (int i = 0; i < 100; ++i) log_.accepted(event(1, "topic" + std::to_string(i % 7)));
    log_.write();
  }
  EXPECT_EQ(log_rows(), 3);
  EXPECT_EQ(accepted(1), 0U);
  EXPECT_FALSE(log_.fold());
  EXPECT_EQ(log_rows(), 0);
  EXPECT_EQ(accepted(1), 300U);
  EXPECT_EQ(accepted(1, "topic0"), 45U);
  EXPECT_FALSE(log_.fold());
  EXPECT_EQ(accepted(1), 300U) << "nothing is counted twice";
}

TEST_F(CountedTransactions, AreFoldedByWhoeverComesAfterACrash) {
  log_.accepted(event(1, "a"));
  log_.write();
  StatisticsLog next(connection_, known_);
  next.accepted(event(1, "a"));
  next.write();
  EXPECT_FALSE(next.fold());
  EXPECT_EQ(accepted(1, "a"), 2U);
}

TEST_F(CountedTransactions, LeaveNothingWhenTheyAreRolledBack) {
  connection_.execute("BEGIN");
  log_.accepted(event(1, "a"));
  log_.write();
  log_.accepted(event(1, "b"));
  connection_.roll_back();
  log_.forget();
  log_.accepted(event(1, "c"));
  log_.write();
  EXPECT_FALSE(log_.fold());
  EXPECT_EQ(accepted(1), 1U);
  EXPECT_EQ(accepted(1, "c"), 1U);
}

TEST_F(CountedTransactions, KeepWhatWasCountedBeforeAWriteThatFailsAlone) {
  log_.accepted(event(1, "a"));
  auto before = log_.gathered();
  log_.accepted(event(1, "a"));
  log_.accepted(event(1, "b"));
  log_.go_back_to(std::move(before));
  log_.write();
  log_.fold();
  EXPECT_EQ(accepted(1), 1U);
}

TEST_F(CountedTransactions, DropTheCountsOfADeletedTenant) {
  log_.accepted(event(1, "secret"));
  log_.accepted(event(2, "kept"));
  log_.write();
  known_.add_deleted(TenantKey{1});
  log_.accepted(event(1, "late"));
  log_.write();
  EXPECT_EQ(log_rows(), 1);
  log_.fold();
  EXPECT_EQ(connection_.query_integer("SELECT count(*) FROM statistics WHERE tenant = 1"), 0);
  EXPECT_EQ(accepted(2), 1U);
}

TEST_F(CountedTransactions, AreFoldedInBoundedStepsAndBeforeTheLogGrowsTooLong) {
  const auto count = [&](std::size_t series) {
    for (std::size_t i = 0; i < series; ++i) log_.accepted(event(1, "t" + std::to_string(i)));
    log_.write();
  };
  count(kStatisticsFoldMax);
  count(10);
  EXPECT_TRUE(log_.fold());
  EXPECT_EQ(log_rows(), 1);
  EXPECT_FALSE(log_.fold());
  EXPECT_EQ(accepted(1), kStatisticsFoldMax + 10);

  const domain::Event wide = event(1, std::string(kStatisticsLogBytesMax / 4, 'x'));
  for (int i = 0; i < 4; ++i) {
    log_.accepted(wide);
    log_.write();
  }
  EXPECT_EQ(log_rows(), 0);
  EXPECT_EQ(accepted(1), kStatisticsFoldMax + 14);
}

}  // namespace
}  // namespace posthorn::store::sqlite
