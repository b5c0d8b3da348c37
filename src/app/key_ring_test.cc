#include "app/key_ring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace posthorn::app {
namespace {

class KeyRing : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/key_ring_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(KeyRing, MakesAKeyFileForAFreshFolderThatOnlyItsOwnerCanRead) {
  const auto first = load_keys(folder_, "", DataState::fresh);
  ASSERT_TRUE(first);
  struct stat status{};
  ASSERT_EQ(stat(master_key_file(folder_).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  const auto second = load_keys(folder_, "", DataState::exists);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->front().bytes, first->front().bytes);
  EXPECT_EQ(second->front().id, first->front().id);
}

TEST_F(KeyRing, RefusesToInventAKeyForAFolderInUse) {
  const auto keys = load_keys(folder_, "", DataState::exists);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, "missing_master_key");
}

TEST_F(KeyRing, RefusesAFileThatOthersCanRead) {
  ASSERT_TRUE(load_keys(folder_, "", DataState::fresh));
  std::filesystem::permissions(master_key_file(folder_), std::filesystem::perms(0644));
  EXPECT_EQ(load_keys(folder_, "", DataState::exists).error().code, "open_master_key");
}

TEST_F(KeyRing, RefusesDamage) {
  for (const std::string text : {"", "1 short\n", "1 !!!!\n", "# nothing but a comment\n"}) {
    std::ofstream(master_key_file(folder_)) << text;
    std::filesystem::permissions(master_key_file(folder_), std::filesystem::perms(0600));
    EXPECT_FALSE(load_keys(folder_, "", DataState::exists)) << text;
  }
}

TEST_F(KeyRing, TakesTheEnvironmentsKeyAndWritesNothing) {
  const auto keys = load_keys(folder_, base64_encode(std::string(32, 'k')), DataState::fresh);
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->front().bytes, std::string(32, 'k'));
  EXPECT_FALSE(std::filesystem::exists(master_key_file(folder_)));
  EXPECT_FALSE(load_keys(folder_, "not a key", DataState::fresh));
}

TEST_F(KeyRing, KeepsTheOrderOfSeveralKeys) {
  const Keys keys{make_master_key(), make_master_key()};
  ASSERT_TRUE(write_keys(folder_, keys));
  const auto read = load_keys(folder_, "", DataState::exists);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].bytes, keys[0].bytes);
  EXPECT_EQ((*read)[1].id, keys[1].id);
}

TEST(CheckKeys, RefusesARingThatDoesNotOpenWhatIsStored) {
  const Keys own{make_master_key()};
  const Keys other{make_master_key()};
  const Keys both{other[0], own[0]};
  const std::string mine = crypto::Sealer(own).seal("x", "");
  const std::string foreign = crypto::Sealer(other).seal("x", "");
  struct Case {
    const char* what;
    Keys keys;
    std::vector<std::string_view> secrets;
    std::vector<std::string_view> signing_keys;
    bool accepted;
  };
  for (const Case& c : {Case{"a new store", own, {}, {}, true}, Case{"its own key", own, {mine, mine}, {mine}, true},
                        Case{"another key", other, {mine}, {mine}, false},
                        Case{"one secret under a key that is gone", own, {mine, foreign}, {mine}, false},
                        Case{"several keys", both, {mine, foreign}, {foreign}, true},
                        Case{"a signing key that was left behind", own, {mine}, {foreign}, true},
                        Case{"one of several signing keys left behind", own, {}, {foreign, mine}, true},
                        Case{"nothing at all opens", own, {}, {foreign}, false},
                        Case{"a damaged value is not the key's fault", own, {"", "damaged"}, {}, true}}) {
    const auto checked = check_keys(c.keys, c.secrets, c.signing_keys);
    EXPECT_EQ(checked.has_value(), c.accepted) << c.what;
    if (checked) continue;
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid_argument) << c.what;
    EXPECT_EQ(checked.error().code, "wrong_master_key") << c.what;
    for (const auto& key : {own[0], other[0]}) {
      EXPECT_NE(checked.error().message.find(std::to_string(key.id)), std::string::npos) << checked.error().message;
    }
  }
}

}  // namespace
}  // namespace posthorn::app
