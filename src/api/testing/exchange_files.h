// The test that plays a surface's recorded exchanges, each file against a fresh server. A surface's exchange_test.cc includes
// it and instantiates it with the files of its folder.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "api/testing/exchange.h"

namespace posthorn::api::testing {

inline std::vector<std::filesystem::path> exchange_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string exchange_name(const ::testing::TestParamInfo<std::filesystem::path>& file) {
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

}  // namespace posthorn::api::testing
