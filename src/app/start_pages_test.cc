#include "app/start_pages.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace posthorn::app {
namespace {

// Of this program's executable segment, in KiB.
long resident_code() {
  std::ifstream maps("/proc/self/smaps");
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  bool inside = false;
  long resident = 0;
  for (std::string line; std::getline(maps, line);) {
    const bool begins_mapping = line.find('-') < line.find(' ');
    if (begins_mapping) inside = line.find(" r-xp ") != std::string::npos && line.ends_with(program);
    if (inside && line.starts_with("Rss:")) resident += std::stol(line.substr(4));
  }
  return resident;
}

TEST(StartPages, AreUnmappedAndComeBackWhenTheyAreUsed) {
  const long before = resident_code();
  ASSERT_GT(before, 0);
  release_start_pages();
  EXPECT_LT(resident_code(), before);
}

}  // namespace
}  // namespace posthorn::app
