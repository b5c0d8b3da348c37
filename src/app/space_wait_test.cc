#include "app/space_wait.h"

#include <gtest/gtest.h>

#include <limits>

namespace posthorn::app {
namespace {

TEST(SpaceWait, WaitsOnlyForWhatAFullDiskMayHaveCaused) {
  struct Case {
    Error failure;
    std::uint64_t free_bytes;
    bool waits;
  };
  for (const Case& c : {Case{unavailable("cannot open the database", "database_unusable"), 0, true},
                        Case{unavailable("cannot open the database", "database_unusable"), kStartFreeBytes - 1, true},
                        Case{internal_error("cannot write master.key.new"), 0, true},
                        Case{unavailable("cannot open the database", "database_unusable"), kStartFreeBytes, false},
                        Case{invalid("listen", "cannot listen", "cannot_listen"), 0, false},
                        Case{conflict({}, "the data folder is in use", "data_folder_in_use"), 0, false}}) {
    EXPECT_EQ(waits_for_space(c.failure, c.free_bytes), c.waits) << c.failure.message << " with " << c.free_bytes;
  }
}

TEST(SpaceWait, AsksTheFileSystemOfAFolderThatIsNotThereYet) {
  const auto free_bytes = free_bytes_of(testing::TempDir());
  EXPECT_GT(free_bytes, 0u);
  EXPECT_NE(free_bytes_of(testing::TempDir() + "/not/yet"), std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace posthorn::app
