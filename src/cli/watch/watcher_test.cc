// The watcher on real folders and real inotify, told to a server that is made of answers.
#include "cli/watch/watcher.h"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/object.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/eventually_for_tests.h"
#include "cli/testing_api.h"
#include "json/reader.h"

namespace posthorn::cli::watch {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

constexpr uid_t kNobody = 65534;

class WatchedFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("posthorn-watch-" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "root");
    root_ = fs::canonical(folder_ / "root");
  }
  void TearDown() override {
    fs::permissions(root_, fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  // There at once with all its text: who looks while a folder is new sees the file whole or not at all.
  void write_whole(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(folder_ / "being written", std::ios::binary) << text;
    fs::rename(folder_ / "being written", root_ / path);
  }
  WatcherOptions options() {
    WatcherOptions options;
    options.root = root_.string();
    options.tenant_path = "/t";
    return options;
  }
  WatcherHooks hooks() {
    WatcherHooks hooks;
    hooks.accepted = [this](const Intent& intent, const Accepted&) {
      const std::lock_guard lock(mutex_);
      told_.push_back(std::string(to_text(intent.change)) + " " + intent.path);
    };
    hooks.refused = [this](const Intent& intent, const Error&) { refused_.push_back(intent.path); };
    hooks.trouble = [this](const std::string& path, const std::string&) { troubles_.push_back(path); };
    hooks.progress = [](std::size_t, std::size_t) {};
    hooks.waiting = [](const std::string&) {};
    hooks.caught_up = [this] { ++looks_; };
    return hooks;
  }
  // What one run tells: sorted, since paths go side by side.
  Strings catch_up(std::function<void(WatcherOptions&)> change = {}) {
    told_.clear();
    auto journal = Journal::open((folder_ / "state").string(), "p");
    EXPECT_TRUE(journal);
    auto chosen = options();
    if (change) change(chosen);
    Watcher watcher(api_, **journal, clock_, chosen, hooks());
    outcome_ = watcher.catch_up(stop_);
    std::sort(told_.begin(), told_.end());
    return told_;
  }
  void refuse(const std::string& name) {
    api_.answer = [this, quoted = "\"" + name + "\""](const ApiRequest& request) -> Result<ApiAnswer> {
      if (!allow_ && request.body.find(quoted) != std::string::npos)
        return ApiAnswer{422, {}, R"({"detail":"does not fit","field":"data"})"};
      return api_.accept(request);
    };
  }
  Strings told() {
    const std::lock_guard lock(mutex_);
    auto sorted = told_;
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  // Waits for exactly these; a surplus shows as well.
  void expect_told(Strings expected) {
    std::sort(expected.begin(), expected.end());
    eventually([&] { return told().size() >= expected.size(); });
    EXPECT_EQ(told(), expected);
  }

  fs::path folder_;
  fs::path root_;
  TestingApi api_;
  SystemClock clock_;
  StopSwitch stop_;
  Status outcome_;
  std::mutex mutex_;
  Strings told_;
  Strings refused_;
  Strings troubles_;
  std::atomic<int> looks_ = 0;
  std::atomic<bool> allow_ = false;  // what refuse() refuses
};

using CatchingUp = WatchedFolder;

TEST_F(CatchingUp, TellsWhatChangedSinceTheLastTimeAndNothingElse) {
  write("a.txt", "one");
  write("sub/b.txt", "two");
  EXPECT_EQ(catch_up(), (Strings{"created a.txt", "created sub/b.txt"}));
  EXPECT_EQ(catch_up(), Strings{});
  write("a.txt", "one more");
  fs::remove_all(root_ / "sub");
  write("c.txt", "three");
  EXPECT_EQ(catch_up(), (Strings{"created c.txt", "deleted sub/b.txt", "edited a.txt"}));
  EXPECT_EQ(catch_up(), Strings{});
}

TEST_F(CatchingUp, SaysNothingOfAFileThatWasOnlyTouched) {
  write("a.txt", "one");
  catch_up();
  fs::last_write_time(root_ / "a.txt", fs::file_time_type::clock::now() - 1h);
  EXPECT_EQ(catch_up(), Strings{});
  write("a.txt", "two");
  EXPECT_EQ(catch_up(), Strings{"edited a.txt"});  // the positive control
}

TEST_F(CatchingUp, NoticesAChangeThatLeftSizeAndTimeAsTheyWere) {
  write("a.txt", "one");
  const auto time = fs::last_write_time(root_ / "a.txt");
  catch_up();
  std::fstream(root_ / "a.txt", std::ios::in | std::ios::out) << "two";
  fs::last_write_time(root_ / "a.txt", time);
  EXPECT_EQ(catch_up(), Strings{"edited a.txt"});
}

TEST_F(CatchingUp, FollowsNoLinksAndHeedsTheIgnoreList) {
  write("a.txt", "one");
  write("b.tmp", "no");
  write(".git/config", "no");
  fs::create_symlink(root_ / "a.txt", root_ / "link");
  fs::create_directory_symlink("/usr/include", root_ / "linked-folder");
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(catch_up([](WatcherOptions& chosen) { chosen.ignored = {"*.tmp", ".git"}; }), Strings{"created a.txt"});
}

TEST_F(CatchingUp, FinishesWhatAnEarlierRunBegan) {
  write("a.txt", "one");
  // The server takes the event, but its answer is lost and the program is killed.
  api_.answer = [this](const ApiRequest& request) -> Result<ApiAnswer> {
    (void)api_.accept(request);
    return unavailable("disconnected");
  };
  EXPECT_EQ(catch_up([](WatcherOptions& chosen) { chosen.patience = 1ms; }), Strings{});
  EXPECT_FALSE(outcome_);
  ASSERT_EQ(api_.published.size(), 1u);
  // Meanwhile the file goes: its deletion must still be told, after its creation.
  fs::remove(root_ / "a.txt");
  api_.answer = [this](const ApiRequest& request) { return api_.accept(request); };
  EXPECT_EQ(catch_up(), (Strings{"created a.txt", "deleted a.txt"}));
  EXPECT_EQ(api_.published.size(), 2u);
  EXPECT_EQ(api_.conflicts, 0u);
}

TEST_F(CatchingUp, PublishesOnceWhateverCallIsLost) {
  for (int i = 0; i < 8; ++i) write("f" + std::to_string(i), std::to_string(i));
  // Every third call is lost before the server, every third after it; run after run until all is told.
  int calls = 0;
  api_.answer = [&](const ApiRequest& request) -> Result<ApiAnswer> {
    switch (++calls % 3) {
      case 0:
        return unavailable("not reached");
      case 1:
        (void)api_.accept(request);
        return unavailable("answer lost");
      default:
        return api_.accept(request);
    }
  };
  for (int run = 0; run < 50; ++run) {
    catch_up([](WatcherOptions& chosen) { chosen.patience = 1ms; });
    if (outcome_) break;
  }
  EXPECT_TRUE(outcome_);
  EXPECT_EQ(api_.published.size(), 8u);
  EXPECT_EQ(api_.conflicts, 0u);
}

TEST_F(CatchingUp, DoesNotTakeAnUnmountedFolderForDeletions) {
  for (int i = 0; i < 12; ++i) write("f" + std::to_string(i), std::to_string(i));
  catch_up();
  for (int i = 0; i < 12; ++i) fs::remove(root_ / ("f" + std::to_string(i)));
  EXPECT_EQ(catch_up(), Strings{});
  ASSERT_FALSE(outcome_);
  EXPECT_NE(outcome_.error().message.find("--accept-empty"), std::string::npos);
  EXPECT_EQ(catch_up([](WatcherOptions& chosen) { chosen.accept_empty = true; }).size(), 12u);
  fs::remove_all(root_);
  EXPECT_EQ(catch_up(), Strings{});
  EXPECT_FALSE(outcome_);
  fs::create_directories(root_);
}

TEST_F(CatchingUp, TellsWhatWasRefusedOnceTheServerTakesIt) {
  write("bad", "1");
  write("good", "2");
  refuse("bad");
  EXPECT_EQ(catch_up(), Strings{"created good"});
  EXPECT_EQ(refused_, Strings{"bad"});
  EXPECT_EQ(catch_up(), Strings{});
  EXPECT_EQ(refused_.size(), 2u);  // once a run
  write("bad", "longer");
  api_.answer = [this](const ApiRequest& request) { return api_.accept(request); };
  EXPECT_EQ(catch_up(), Strings{"created bad"});  // and not edited: nobody knows of what was before
  EXPECT_EQ(api_.published.back().find("previous"), std::string::npos);
  refuse("bad");
  write("bad", "longer still");
  EXPECT_EQ(catch_up(), Strings{});
  fs::remove(root_ / "bad");
  EXPECT_EQ(catch_up(), Strings{});
  api_.answer = [this](const ApiRequest& request) { return api_.accept(request); };
  EXPECT_EQ(catch_up(), Strings{"deleted bad"});
  EXPECT_NE(api_.published.back().find("\"size\":6"), std::string::npos) << api_.published.back();  // as it was told
  EXPECT_EQ(catch_up(), Strings{});
}

TEST_F(CatchingUp, TriesARefusedIntentOfAnEarlierRunOnce) {
  write("bad", "1");
  api_.answer = [](const ApiRequest&) -> Result<ApiAnswer> { return unavailable("not reached"); };
  catch_up([](WatcherOptions& chosen) { chosen.patience = 1ms; });
  api_.requests.clear();
  refuse("bad");
  EXPECT_EQ(catch_up(), Strings{});
  EXPECT_EQ(api_.requests.size(), 1u);
}

TEST_F(CatchingUp, WaitsForAServerThatIsNotThereYet) {
  write("a", "1");
  int calls = 0;
  api_.answer = [&](const ApiRequest& request) -> Result<ApiAnswer> {
    if (++calls == 1) return unavailable("not reached");
    return api_.accept(request);
  };
  Strings waits;
  auto told = hooks();
  told.waiting = [&](const std::string& why) { waits.push_back(why); };
  auto journal = Journal::open((folder_ / "state").string(), "p");
  ASSERT_TRUE(journal);
  Watcher watcher(api_, **journal, clock_, options(), told);
  EXPECT_TRUE(watcher.prepare(stop_));
  EXPECT_EQ(waits, (Strings{"not reached", ""}));

  auto chosen = options();
  chosen.patience = 1ms;
  calls = 0;
  Watcher impatient(api_, **journal, clock_, chosen, told);
  EXPECT_FALSE(impatient.prepare(stop_));
  api_.answer = [](const ApiRequest&) -> Result<ApiAnswer> { return ApiAnswer{401, {}, "{}"}; };
  EXPECT_EQ(watcher.prepare(stop_).error().kind, ErrorKind::unauthenticated);
}

TEST_F(CatchingUp, EndsWhenTheKeyIsRefused) {
  write("a", "1");
  api_.answer = [](const ApiRequest&) -> Result<ApiAnswer> { return ApiAnswer{401, {}, "{}"}; };
  catch_up();
  ASSERT_FALSE(outcome_);
  EXPECT_EQ(outcome_.error().kind, ErrorKind::unauthenticated);
  api_.answer = [this](const ApiRequest& request) { return api_.accept(request); };
  EXPECT_EQ(catch_up(), Strings{"created a"});
}

TEST_F(CatchingUp, ReportsUnreadableFilesAndKeepsThem) {
  write("closed/a", "1");
  write("b", "2");
  // The superuser may read everything: it takes another user's rights for its files meanwhile.
  const bool is_superuser = geteuid() == 0;
  if (is_superuser) {
    ASSERT_EQ(chown(folder_.c_str(), kNobody, kNobody), 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder_))
      ASSERT_EQ(chown(entry.path().c_str(), kNobody, kNobody), 0);
    setfsuid(kNobody);
  }
  catch_up();
  fs::permissions(root_ / "closed", fs::perms::none);
  fs::permissions(root_ / "b", fs::perms::none);
  write("c", "3");
  EXPECT_EQ(catch_up(), Strings{"created c"});
  EXPECT_EQ(troubles_, (Strings{"closed", "b"}));
  if (is_superuser) setfsuid(0);
  fs::permissions(root_ / "closed", fs::perms::owner_all);
}

TEST_F(CatchingUp, DescribesTheFile) {
  write("dir/photo.jpg", "one");
  catch_up();
  write("dir/photo.jpg", "longer");
  write(
      "bad\xff"
      "name",
      "x");
  catch_up();
  fs::remove(root_ / "dir/photo.jpg");
  catch_up();
  ASSERT_EQ(api_.published.size(), 4u);
  const auto created = json::parse(api_.published[0]).value().as_object();
  EXPECT_EQ(created.at("topic"), "document.created");
  const auto& data = created.at("data").as_object();
  EXPECT_EQ(data.at("path"), "dir/photo.jpg");
  EXPECT_EQ(data.at("name"), "photo.jpg");
  EXPECT_EQ(data.at("size"), 3);
  EXPECT_EQ(data.at("mediaType"), "image/jpeg");
  EXPECT_EQ(data.at("sha256"), "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
  EXPECT_TRUE(parse_rfc3339(std::string(data.at("modifiedAt").as_string())));
  EXPECT_FALSE(data.contains("previous"));
  const auto second = json::parse(api_.published[1]).value().as_object();
  const auto third = json::parse(api_.published[2]).value().as_object();
  const auto& odd = (second.at("topic") == "document.created" ? second : third).at("data").as_object();
  const auto& edited = (second.at("topic") == "document.created" ? third : second).at("data").as_object();
  EXPECT_EQ(odd.at("path"), "bad\xef\xbf\xbdname");
  EXPECT_EQ(odd.at("pathBytes"), "YmFk/25hbWU=");
  EXPECT_EQ(edited.at("previous").as_object().at("size"), 3);
  const auto deleted = json::parse(api_.published[3]).value().as_object();
  EXPECT_EQ(deleted.at("topic"), "document.deleted");
  EXPECT_EQ(deleted.at("data").as_object().at("size"), 6);
}

class Watching : public WatchedFolder {
 protected:
  void start(std::function<void(WatcherOptions&)> change = {}) {
    auto journal = Journal::open((folder_ / "state").string(), "p");
    ASSERT_TRUE(journal);
    journal_ = std::move(*journal);
    auto chosen = options();
    chosen.look_again = 1h;
    if (change) change(chosen);
    watcher_ = std::make_unique<Watcher>(api_, *journal_, clock_, chosen, hooks());
    thread_ = std::thread([this] { outcome_ = watcher_->run(stop_); });
    while (looks_ == 0) usleep(1000);
  }
  void TearDown() override {
    stop_.request();
    if (thread_.joinable()) thread_.join();
    WatchedFolder::TearDown();
  }
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Watcher> watcher_;
  std::thread thread_;
};

TEST_F(Watching, SeesWritingDeletingAndMoving) {
  write("old", "1");
  start();
  expect_told({"created old"});
  write("new", "2");
  expect_told({"created old", "created new"});
  write("new", "3");
  expect_told({"created old", "created new", "edited new"});
  fs::rename(root_ / "new", root_ / "moved");
  expect_told({"created old", "created new", "edited new", "deleted new", "created moved"});
  fs::remove(root_ / "old");
  expect_told({"created old", "created new", "edited new", "deleted new", "created moved", "deleted old"});
}

TEST_F(Watching, TakesAnEditorsRenameOverTheFileForAnEdit) {
  write("document", "1");
  start();
  std::ofstream(folder_ / "outside") << "2";
  fs::rename(folder_ / "outside", root_ / "document");
  expect_told({"created document", "edited document"});
}

TEST_F(Watching, WaitsUntilAFileIsClosed) {
  start();
  std::ofstream stream(root_ / "slow");
  stream << "half" << std::flush;
  write("quick", "x");
  expect_told({"created quick"});
  stream << " whole";
  stream.close();
  expect_told({"created quick", "created slow"});
  EXPECT_NE(api_.published.back().find("\"size\":10"), std::string::npos) << api_.published.back();
}

TEST_F(Watching, FollowsFoldersThatAppearMoveAndGo) {
  start();
  write_whole("a/b/c/deep", "1");
  expect_told({"created a/b/c/deep"});
  write_whole("a/b/later", "2");
  expect_told({"created a/b/c/deep", "created a/b/later"});
  fs::rename(root_ / "a", root_ / "z");
  expect_told({"created a/b/c/deep", "created a/b/later", "deleted a/b/c/deep", "deleted a/b/later", "created z/b/c/deep",
               "created z/b/later"});
  write_whole("z/b/c/more", "3");
  fs::remove(root_ / "z/b/later");
  fs::create_directories(folder_ / "elsewhere");
  expect_told({"created a/b/c/deep", "created a/b/later", "deleted a/b/c/deep", "deleted a/b/later", "created z/b/c/deep",
               "created z/b/later", "created z/b/c/more", "deleted z/b/later"});
  fs::rename(root_ / "z", folder_ / "elsewhere/z");
  std::ofstream(folder_ / "elsewhere/z/b/c/outside") << "not ours any more";
  write_whole("last", "4");
  expect_told({"created a/b/c/deep", "created a/b/later", "deleted a/b/c/deep", "deleted a/b/later", "created z/b/c/deep",
               "created z/b/later", "created z/b/c/more", "deleted z/b/later", "deleted z/b/c/deep", "deleted z/b/c/more",
               "created last"});
}

TEST_F(Watching, SeesHardLinks) {
  write("a", "1");
  start();
  fs::create_hard_link(root_ / "a", root_ / "b");
  expect_told({"created a", "created b"});
}

TEST_F(Watching, FindsBySightWhatInotifyDoesNotTell) {
  write("a", "long text");
  start([](WatcherOptions& chosen) { chosen.look_again = 1s; });
  ASSERT_EQ(truncate((root_ / "a").c_str(), 2), 0);
  expect_told({"created a", "edited a"});
}

TEST_F(Watching, TriesWhatWasRefusedAgainAtEveryRescan) {
  write("bad", "1");
  refuse("bad");
  start([](WatcherOptions& chosen) { chosen.look_again = 1s; });
  write("trigger", "2");  // looking here and there does not try it again
  expect_told({"created trigger"});
  EXPECT_EQ(refused_.size(), 1u);
  allow_.store(true);
  expect_told({"created bad", "created trigger"});
}

TEST_F(Watching, MissesNothingInABurst) {
  start();
  Strings expected;
  for (int i = 0; i < 400; ++i) {
    const std::string path = "d" + std::to_string(i % 20) + "/f" + std::to_string(i);
    write(path, std::to_string(i));
    expected.push_back("created " + path);
  }
  std::sort(expected.begin(), expected.end());
  // In a folder that is new a file may be found before it has its text: then it is told as edited once more.
  const auto created = [this] {
    auto all = told();
    std::erase_if(all, [](const std::string& one) { return one.starts_with("edited "); });
    return all;
  };
  eventually([&] { return created().size() >= expected.size(); });
  EXPECT_EQ(created(), expected);
}

TEST_F(Watching, EndsWhenTheFolderGoes) {
  write("a", "1");
  start();
  fs::remove_all(root_);
  thread_.join();
  ASSERT_FALSE(outcome_);
  EXPECT_EQ(outcome_.error().kind, ErrorKind::internal);
  fs::create_directories(root_);
}

}  // namespace
}  // namespace posthorn::cli::watch
