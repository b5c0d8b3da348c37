#include "cli/watch/journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace posthorn::cli::watch {
namespace {

class Journals : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("posthorn-journal-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    file_ = (folder_ / "journal").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Journal> open() {
    auto journal = Journal::open(file_, "folder\nserver");
    EXPECT_TRUE(journal) << journal.error().message;
    return journal ? std::move(*journal) : nullptr;
  }
  std::string text() const {
    std::ifstream stream(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void put(const std::string& content) const { std::ofstream(file_, std::ios::binary) << content; }

  std::filesystem::path folder_;
  std::string file_;
};

Known some(int n, bool settled = true) {
  return {{static_cast<std::uint64_t>(n), 1000 + n, 77}, std::string(64, static_cast<char>('a' + n % 6)), settled};
}
Intent intent(Change change, const std::string& path, int n) {
  return {0, change, path, some(n), "{\"n\":" + std::to_string(n) + "}"};
}

// Something of every kind, with awkward names.
void fill(Journal& journal) {
  std::vector<Intent> intents{intent(Change::created, "plain", 1), intent(Change::created, "tab\tnew\nline\\", 2),
                              intent(Change::created, "bytes \xff\xfe", 3)};
  ASSERT_TRUE(journal.begin(intents));
  ASSERT_TRUE(journal.settle(intents[0].sequence));
  ASSERT_TRUE(journal.settle(intents[1].sequence));
  ASSERT_TRUE(journal.remember("plain", some(4, false)));
  std::vector<Intent> more{intent(Change::deleted, "tab\tnew\nline\\", 2), intent(Change::edited, "plain", 5)};
  ASSERT_TRUE(journal.begin(more));
  ASSERT_TRUE(journal.settle(more[0].sequence));
  ASSERT_TRUE(journal.flush());
}

TEST_F(Journals, RememberAcrossRestarts) {
  JournalState before;
  {
    auto journal = open();
    fill(*journal);
    before = journal->state();
  }
  EXPECT_EQ(before.files.size(), 1u);
  EXPECT_EQ(before.open.size(), 2u);
  EXPECT_EQ(before.last_sequence, 5u);
  EXPECT_EQ(open()->state(), before);
}

TEST_F(Journals, SurviveACutAtEveryByte) {
  fill(*open());
  const std::string whole = text();
  // What each complete line adds up to.
  std::map<std::size_t, JournalState> states;
  for (std::size_t end = whole.find('\n'); end != std::string::npos; end = whole.find('\n', end + 1)) {
    states[end + 1] = read_journal(whole.substr(0, end + 1)).value().state;
  }
  ASSERT_GE(states.size(), 9u);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    auto journal = open();
    ASSERT_NE(journal, nullptr) << size;
    const auto reached = states.upper_bound(size);
    if (reached == states.begin()) {
      EXPECT_TRUE(journal->state().files.empty()) << size;  // the header was torn: a new journal
      continue;
    }
    EXPECT_EQ(journal->state(), std::prev(reached)->second) << size;
    // And it goes on from there.
    std::vector<Intent> next{intent(Change::created, "after", 1)};
    ASSERT_TRUE(journal->begin(next));
    EXPECT_EQ(next[0].sequence, std::prev(reached)->second.last_sequence + 1);
    const JournalState then = journal->state();
    journal.reset();
    EXPECT_EQ(open()->state(), then) << size;
  }
}

TEST_F(Journals, AreRefusedWhenWholeLinesFollowADamagedOne) {
  fill(*open());
  const std::string whole = text();
  const auto last_line = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const auto read = read_journal(damaged);
    if (at < last_line - 1) {
      EXPECT_FALSE(read) << at;
    } else {
      // The end alone: as a crash leaves it.
      ASSERT_TRUE(read) << at;
      EXPECT_EQ(read->good_bytes, at < last_line ? whole.rfind('\n', last_line - 2) + 1 : last_line) << at;
    }
  }
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 1;
  put(damaged);
  const auto refused = Journal::open(file_, "folder\nserver");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("is damaged in line"), std::string::npos) << refused.error().message;
  EXPECT_EQ(text(), damaged);  // nothing is cut off
}

TEST_F(Journals, ForgetWhatWasRefused) {
  std::vector<Intent> intents{intent(Change::created, "a", 1), intent(Change::created, "b", 2)};
  JournalState before;
  {
    auto journal = open();
    ASSERT_TRUE(journal->begin(intents));
    ASSERT_TRUE(journal->drop(intents[0].sequence));
    ASSERT_TRUE(journal->settle(intents[1].sequence));
    before = journal->state();
  }
  EXPECT_EQ(before.files.size(), 1u);
  EXPECT_TRUE(before.open.empty());
  EXPECT_EQ(open()->state(), before);
}

TEST_F(Journals, BelongToOneProcess) {
  auto journal = open();
  const auto second = Journal::open(file_, "folder\nserver");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  journal.reset();
  EXPECT_TRUE(Journal::open(file_, "folder\nserver"));
}

TEST_F(Journals, BelongToOneFolderAndServer) {
  open();
  const auto other = Journal::open(file_, "another folder");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("folder\nserver"), std::string::npos);
}

TEST_F(Journals, AreNotMadeOfOtherFiles) {
  for (const char* content : {"hello\n", "line\nline\n", "0123456789abcdef x\n"}) {
    put(content);
    EXPECT_FALSE(Journal::open(file_, "p")) << content;
    EXPECT_EQ(text(), content);
  }
}

TEST_F(Journals, AreRewrittenWhenMostOfThemIsHistory) {
  auto journal = open();
  std::size_t largest = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<Intent> one{intent(Change::edited, "file", i)};
    if (i % 100 == 0) {
      ASSERT_TRUE(journal->begin(one));
      ASSERT_TRUE(journal->settle(one[0].sequence));
    }
    ASSERT_TRUE(journal->remember("other", some(i)));
    largest = std::max(largest, static_cast<std::size_t>(std::filesystem::file_size(file_)));
  }
  EXPECT_LT(std::filesystem::file_size(file_), largest);
  const auto before = journal->state();
  journal.reset();
  EXPECT_EQ(open()->state(), before);
  EXPECT_EQ(before.last_sequence, 100u);
}

TEST_F(Journals, GiveEveryIntentItsOwnKeyAndTheSameOneEveryTime) {
  auto journal = open();
  std::vector<Intent> intents{intent(Change::edited, "a", 1), intent(Change::edited, "a", 1), intent(Change::deleted, "a", 1)};
  ASSERT_TRUE(journal->begin(intents));
  std::vector<std::string> keys;
  for (const auto& one : intents) keys.push_back(idempotency_key(journal->state(), one));
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_NE(keys[1], keys[2]);
  journal.reset();
  const auto again = open();
  for (std::size_t i = 0; i < intents.size(); ++i) {
    EXPECT_EQ(idempotency_key(again->state(), again->state().open.at(intents[i].sequence)), keys[i]);
  }
}

}  // namespace
}  // namespace posthorn::cli::watch
