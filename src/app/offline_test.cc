#include "app/offline.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "app/key_ring.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::app {
namespace {

TEST(RotateKey, LeavesTheKeysAloneWhileAServerHasTheFolderAndReplacesThemAfterwards) {
  std::string folder = testing::TempDir() + "/offline_XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  Config config;
  config.data_dir = folder;
  const auto before = load_keys(folder, "", DataState::fresh);
  ASSERT_TRUE(before);

  const SystemClock clock;
  store::sqlite::SqliteOptions options;
  options.data_dir = folder;
  auto store = store::sqlite::open_sqlite(options, clock);
  ASSERT_TRUE(store) << store.error().message;
  const auto refused = rotate_key(config);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  const auto kept = load_keys(folder, "", DataState::exists);
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ(kept->front().bytes, before->front().bytes);

  (*store)->stop();
  store->reset();
  {
    const auto another = store::sqlite::DataFolder::open(folder);  // another rotate-key that is half way
    ASSERT_TRUE(another);
    ASSERT_TRUE(write_keys(folder, {make_master_key(), before->front()}));
    EXPECT_FALSE(rotate_key(config));
    EXPECT_EQ(load_keys(folder, "", DataState::exists)->size(), 2u) << "the other's keys were touched";
  }
  ASSERT_TRUE(rotate_key(config));
  const auto after = load_keys(folder, "", DataState::exists);
  ASSERT_TRUE(after);
  ASSERT_EQ(after->size(), 1u);
  EXPECT_NE(after->front().bytes, before->front().bytes);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace posthorn::app
