// Plays every file under exchanges/ against a fresh server.
#include "api/testing/exchange.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace posthorn::api::native {
namespace {

using namespace posthorn::api::testing;  // NOLINT(google-build-using-namespace)

std::vector<std::filesystem::path> exchange_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(POSTHORN_EXCHANGES)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string test_name(const ::testing::TestParamInfo<std::filesystem::path>& file) {
  std::string name = file.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Exchanges : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Exchanges, AnswerAsRecorded) {
  std::ifstream file(GetParam());
  std::ostringstream text;
  text << file.rdbuf();
  const auto exchanges = parse_exchanges(text.str());
  ASSERT_FALSE(exchanges.empty());
  TestServer server;
  Captures captures;
  for (const auto& exchange : exchanges) play(server, exchange, captures);
}

INSTANTIATE_TEST_SUITE_P(Recorded, Exchanges, ::testing::ValuesIn(exchange_files()), test_name);

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
}  // namespace posthorn::api::native
