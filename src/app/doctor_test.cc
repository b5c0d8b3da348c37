#include "app/doctor.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace posthorn::app {
namespace {

using Verdict = Finding::Verdict;
using namespace std::chrono_literals;

constexpr Timestamp kNow{Milliseconds(1'790'000'000'000)};

TEST(Doctor, JudgesFreeSpace) {
  EXPECT_EQ(judge_free_space(0).verdict, Verdict::bad);
  EXPECT_EQ(judge_free_space(99ull << 20).verdict, Verdict::bad);
  EXPECT_EQ(judge_free_space(100ull << 20).verdict, Verdict::note);
  EXPECT_EQ(judge_free_space(1024ull << 20).verdict, Verdict::good);
}

TEST(Doctor, JudgesHowLongAFlushTakes) {
  EXPECT_EQ(judge_flush_time(300us).verdict, Verdict::good);
  EXPECT_EQ(judge_flush_time(300us).text, "up to 0.3 ms");
  EXPECT_EQ(judge_flush_time(80ms).verdict, Verdict::note);
}

TEST(Doctor, JudgesModes) {
  EXPECT_EQ(judge_mode("master key", "k", 0100600, 0600).verdict, Verdict::good);
  EXPECT_EQ(judge_mode("master key", "k", 0100400, 0600).verdict, Verdict::good);
  const auto open = judge_mode("master key", "k", 0100644, 0600);
  EXPECT_EQ(open.verdict, Verdict::bad);
  EXPECT_EQ(open.advice, "chmod 0600 k");
}

TEST(Doctor, JudgesTheClock) {
  EXPECT_EQ(judge_clock(kNow, 0ms, true).verdict, Verdict::good);
  EXPECT_EQ(judge_clock(kNow, -501ms, true).verdict, Verdict::note);
  EXPECT_EQ(judge_clock(kNow, 501ms, true).verdict, Verdict::note);
  EXPECT_EQ(judge_clock(kNow, 0ms, false).verdict, Verdict::note);
  EXPECT_EQ(judge_clock(Timestamp(), 0ms, true).verdict, Verdict::bad);
  EXPECT_EQ(judge_clock(kNow + std::chrono::years(100), 0ms, true).verdict, Verdict::bad);
}

TEST(Doctor, JudgesCertificates) {
  EXPECT_EQ(judge_certificate(kNow - 24h, kNow + 24h * 90, kNow).verdict, Verdict::good);
  EXPECT_EQ(judge_certificate(kNow - 24h, kNow + 24h * 13, kNow).verdict, Verdict::note);
  EXPECT_EQ(judge_certificate(kNow - 24h, kNow - 1h, kNow).verdict, Verdict::bad);
  EXPECT_EQ(judge_certificate(kNow + 1h, kNow + 24h * 90, kNow).verdict, Verdict::bad);
}

TEST(Doctor, FindsTheHolderOfALock) {
  const std::string_view locks =
      "1: POSIX  ADVISORY  READ 11 fe:01:5678 128 128\n"
      "2: FLOCK  ADVISORY  WRITE 22 fe:01:567 0 EOF\n"
      "2: -> FLOCK  ADVISORY  WRITE 33 fe:01:99 0 EOF\n"
      "3: OFDLCK ADVISORY  WRITE -1 fe:01:77 0 EOF\n";
  EXPECT_EQ(lock_holder(locks, 567), 22);
  EXPECT_EQ(lock_holder(locks, 5678), 11);
  EXPECT_EQ(lock_holder(locks, 99), 0);
  EXPECT_EQ(lock_holder(locks, 77), 0);
  EXPECT_EQ(lock_holder(locks, 67), 0);
  EXPECT_EQ(lock_holder("", 1), 0);
}

class DoctorOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("posthorn-doctor-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    chmod(folder_.c_str(), 0700);
    loaded_.config.data_dir = folder_.string();
    loaded_.config.listen_port = 0;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Finding find(const std::string& subject) {
    for (auto& finding : examine(loaded_, clock_)) {
      if (finding.subject == subject) return finding;
    }
    return {Verdict::bad, "", "no such finding: " + subject, ""};
  }

  std::filesystem::path folder_;
  LoadedConfig loaded_;
  SystemClock clock_;
};

TEST_F(DoctorOnDisk, LeavesNothingInTheFolder) {
  EXPECT_EQ(find("flush to disk").text.find("up to "), 0u);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(DoctorOnDisk, AcceptsAFolderThatIsToBeMade) {
  loaded_.config.data_dir = (folder_ / "not" / "yet").string();
  EXPECT_EQ(find("data folder").verdict, Verdict::good);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "not"));
}

TEST_F(DoctorOnDisk, RefusesAFileAsFolder) {
  loaded_.config.data_dir = (folder_ / "file").string();
  std::ofstream(loaded_.config.data_dir) << "x";
  EXPECT_EQ(find("data folder").verdict, Verdict::bad);
}

TEST_F(DoctorOnDisk, SaysThatAStoreWithoutItsKeyIsBad) {
  EXPECT_EQ(find("master key").verdict, Verdict::good);
  std::ofstream(folder_ / "posthorn.db") << "x";
  EXPECT_EQ(find("master key").verdict, Verdict::bad);
  std::ofstream(folder_ / "master.key") << "x";
  chmod((folder_ / "master.key").c_str(), 0644);
  EXPECT_EQ(find("master key").verdict, Verdict::bad);
  chmod((folder_ / "master.key").c_str(), 0600);
  EXPECT_EQ(find("master key").verdict, Verdict::good);
}

TEST_F(DoctorOnDisk, NamesWhoHoldsTheLock) {
  const auto path = (folder_ / "posthorn.lock").string();
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(find("lock").text, "free");
  ASSERT_EQ(flock(fileno(file), LOCK_EX), 0);
  const auto held = find("lock");
  EXPECT_NE(held.text.find(std::to_string(getpid())), std::string::npos) << held.text;
  std::fclose(file);
}

TEST_F(DoctorOnDisk, ReportsAnUnreadableCertificate) {
  loaded_.config.tls_certificate_file = (folder_ / "absent.pem").string();
  loaded_.config.tls_key_file = (folder_ / "absent.key").string();
  EXPECT_EQ(find("certificate").verdict, Verdict::bad);
  EXPECT_EQ(find("TLS key").verdict, Verdict::bad);
}

TEST_F(DoctorOnDisk, ResolvesLocalhost) { EXPECT_EQ(find("names").verdict, Verdict::good); }

}  // namespace
}  // namespace posthorn::app
