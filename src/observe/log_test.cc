#include "observe/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <thread>
#include <vector>

namespace posthorn::observe {
namespace {

// What `write` sends to standard error.
template <class Write>
std::string captured(Write write) {
  testing::internal::CaptureStderr();
  write();
  return testing::internal::GetCapturedStderr();
}

TEST(LogDeathTest, WorksBeforeItIsConfigured) {
  // A process of its own: nothing was configured there. Its standard error is a pipe, hence JSON.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        log(Level::debug, "too fine");
        log(Level::info, "early", {{"n", 1}});
        std::exit(log_enabled(Level::info) && !log_enabled(Level::debug) ? 0 : 1);
      },
      testing::ExitedWithCode(0), R"(^\{"time":"[^"]+","level":"info","message":"early","n":1\})");
}

// The text with its date and time as 0000-00-00T00:00:00.000Z.
std::string without_time(std::string text) {
  const auto start = text.find("20");
  for (std::size_t i = start; i < text.size() && text[i] != 'Z'; ++i) {
    if (text[i] >= '0' && text[i] <= '9') text[i] = '0';
  }
  return text;
}

TEST(Log, WritesJsonLines) {
  configure_log({Level::debug, LogStyle::json});
  const std::string text = captured([] { log(Level::warning, "disk {} nearly full", {{"percent", 97.5}, {"path", "a\nb"}}); });
  EXPECT_EQ(without_time(text), R"({"time":"0000-00-00T00:00:00.000Z","level":"warning","message":"disk {} nearly full",)"
                                R"("percent":97.5,"path":"a\nb"})"
                                "\n");
}

TEST(Log, WritesTextLines) {
  configure_log({Level::debug, LogStyle::text});
  const std::string text = captured([] { log(Level::error, "cannot open", {{"path", "x y"}}); });
  EXPECT_EQ(without_time(text), "0000-00-00T00:00:00.000Z error   cannot open path=\"x y\"\n");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  constexpr Level kLevels[] = {Level::debug, Level::info, Level::warning, Level::error};
  for (const Level least : kLevels) {
    configure_log({least, LogStyle::text});
    const std::string text = captured([&] {
      for (const Level level : kLevels) {
        EXPECT_EQ(log_enabled(level), level >= least);
        log(level, "line");
      }
    });
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
              std::count_if(std::begin(kLevels), std::end(kLevels), [&](Level level) { return level >= least; }));
  }
}

TEST(Log, KeepsLinesOfSeveralThreadsApart) {
  configure_log({Level::info, LogStyle::json});
  const std::string text = captured([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 200; ++i) log(Level::info, "a line of some length so that it could be torn", {{"i", i}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  std::istringstream lines(text);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_TRUE(line.starts_with("{\"time\":") && line.ends_with("}")) << line;
    EXPECT_EQ(std::count(line.begin(), line.end(), '{'), 1) << line;
    ++count;
  }
  EXPECT_EQ(count, 800);
}

}  // namespace
}  // namespace posthorn::observe
