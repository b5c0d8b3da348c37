// Plays every file under exchanges/ against a fresh server.

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "api/testing/exchange_files.h"

namespace posthorn::api::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Recorded, Exchanges, ::testing::ValuesIn(exchange_files(POSTHORN_EXCHANGES)), exchange_name);

TEST(ExchangePlayer, NoticesEveryKindOfDifference) {
  TestServer server;
  const auto fails = [&](std::string_view answer) {
    ::testing::TestPartResultArray results;
    {
      const ::testing::ScopedFakeTestPartResultReporter reporter(
          ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
      Captures captures;
      play(server, parse_exchanges("> GET /health/live\n\n" + std::string(answer)).at(0), captures);
    }
    return results.size() > 0;
  };
  EXPECT_FALSE(fails("< 200\nX-Request-Id: {{text}}\n\n{\"status\":\"live\"}"));
  EXPECT_TRUE(fails("< 201\n\n{\"status\":\"live\"}"));
  EXPECT_TRUE(fails("< 200\nETag: \"1\"\n\n{\"status\":\"live\"}"));
  EXPECT_TRUE(fails("< 200\n\n{\"status\":\"dead\"}"));
  EXPECT_TRUE(fails("< 200\n\n{\"status\":\"{{uuid}}\"}"));
  EXPECT_TRUE(fails("< 200\n\n{}"));
  EXPECT_TRUE(fails("< 200\n\n{\"status\":\"live\",\"more\":1}"));
  EXPECT_TRUE(fails("< 200\n"));
}

}  // namespace
}  // namespace posthorn::api::testing
