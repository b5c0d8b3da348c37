// What is SQLite's own: the data folder, the schema's version, backups put back, secrets sealed anew, the log's length.
#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/conformance/fixture.h"
#include "store/sqlite/data_folder.h"
#include "store/sqlite/database.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/reader_pool.h"

namespace posthorn::store::sqlite {
namespace {

using conformance::Bench;
using conformance::ScratchFolder;
using conformance::TestLoop;

class SqliteFiles : public testing::Test {
 protected:
  SqliteFiles() { options_.data_dir = folder_.path() + "/data"; }
  void TearDown() override { close(); }

  void open() {
    auto opened = open_sqlite(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    bench_.emplace(loop_, *store_, clock_, ids_);
  }
  void close() {
    bench_.reset();
    store_.reset();
  }
  std::string database() const { return DataFolder::database_path(options_.data_dir); }

  ScratchFolder folder_;
  ManualClock clock_;
  IdSource ids_{clock_, 7};
  TestLoop loop_;
  SqliteOptions options_;
  std::unique_ptr<Store> store_;
  std::optional<Bench> bench_;
};

mode_t mode_of(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
}

TEST_F(SqliteFiles, MakesItsFilesPrivateWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{0377}}) {
    const mode_t before = umask(mask);
    open();
    bench_->make_tenant();
    ASSERT_TRUE(bench_->backup(folder_.path() + "/backup"));
    umask(before);
    EXPECT_EQ(mode_of(options_.data_dir), mode_t{0700});
    for (const auto& file : std::filesystem::directory_iterator(options_.data_dir)) {
      EXPECT_EQ(mode_of(file.path()), mode_t{0600}) << file.path();
    }
    EXPECT_EQ(mode_of(folder_.path() + "/backup"), mode_t{0600});
    close();
    std::filesystem::remove_all(options_.data_dir);
    std::filesystem::remove(folder_.path() + "/backup");
  }
}

TEST_F(SqliteFiles, ASecondProcessIsRefusedAndToldWhoHasTheFolder) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const ManualClock clock;
    auto store = open_sqlite(options_, clock);
    if (!store || write(ends[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char ready = 0;
  ASSERT_EQ(read(ends[0], &ready, 1), 1);
  const auto refused = open_sqlite(options_, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_NE(refused.error().message.find("process " + std::to_string(child)), std::string::npos) << refused.error().message;
  EXPECT_FALSE(restore_sqlite(database(), options_.data_dir));
  EXPECT_FALSE(DataFolder::open(options_.data_dir));

  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  open();  // a dead process holds nothing
}

TEST_F(SqliteFiles, RefusesTheSchemaOfANewerProgram) {
  open();
  close();
  Connection(database(), Connection::Mode::read_write, {})
      .execute("PRAGMA user_version = " + std::to_string(kSchemaVersion + 1));
  const auto refused = open_sqlite(options_, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_NE(refused.error().message.find("newer Posthorn"), std::string::npos) << refused.error().message;
  Connection(database(), Connection::Mode::read_write, {}).execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
  open();
}

TEST_F(SqliteFiles, RefusesADatabaseOfSomethingElse) {
  std::filesystem::create_directories(options_.data_dir);
  Connection(database(), Connection::Mode::read_write, {}).execute("CREATE TABLE somebody_elses(x)");
  EXPECT_EQ(open_sqlite(options_, clock_).error().kind, ErrorKind::conflict);
  std::ofstream(database(), std::ios::trunc) << std::string(8192, 'x');
  EXPECT_FALSE(open_sqlite(options_, clock_));
}

TEST_F(SqliteFiles, SaysWhyAFolderCannotBeUsed) {
  std::ofstream(folder_.path() + "/file") << "x";
  options_.data_dir = folder_.path() + "/file/data";
  const auto refused = open_sqlite(options_, clock_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_NE(refused.error().message.find("file"), std::string::npos);
}

TEST_F(SqliteFiles, TheSchemaRefusesStatesThatDoNotExist) {
  open();
  close();
  Connection connection(database(), Connection::Mode::read_write, {});
  const char* const impossible[] = {
      "INSERT INTO deliveries VALUES(1, 1, 1, 1, 1, 4, 0, 0, 0, NULL)",
      "INSERT INTO deliveries VALUES(1, 1, 1, 1, 1, -1, 0, 0, 0, NULL, NULL)",
      "INSERT INTO deliveries VALUES(1, 1, 1, 1, 1, 0, 1, 2, 0, NULL, NULL)",
      "INSERT INTO attempts VALUES(1, 0, 0, 0, 0, 0, NULL, NULL)",
      "INSERT INTO credentials VALUES('a', x'00', 0)",
      "INSERT INTO tenants VALUES(1, 'a', '', 2, '', 1, 0, 0, 0)",
  };
  for (const char* statement : impossible) {
    EXPECT_THROW(connection.execute(statement), DatabaseError) << statement;
  }
  EXPECT_NO_THROW(connection.execute("INSERT INTO deliveries VALUES(1, 1, 1, 1, 1, 3, 1, 1, 0, NULL, NULL)"));
}

TEST_F(SqliteFiles, ABackupIsPutBackWhole) {
  open();
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  std::vector<NewEvent> made;
  for (int i = 0; i < 50; ++i) made.push_back(bench_->make_event(tenant.key, {subscription}));
  const std::string backup = folder_.path() + "/a backup?#%.db";
  ASSERT_TRUE(bench_->backup(backup));
  const auto later = bench_->make_event(tenant.key, {subscription});
  EXPECT_FALSE(std::filesystem::exists(backup + "-wal"));
  close();

  EXPECT_EQ(restore_sqlite(backup, options_.data_dir).error().kind, ErrorKind::conflict) << "the folder has a database";
  options_.data_dir = folder_.path() + "/restored/deep";
  const auto restored = restore_sqlite(backup, options_.data_dir);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(mode_of(database()), mode_t{0600});
  open();
  for (const auto& event : made) EXPECT_EQ(bench_->find(tenant.key, event.event->id)->event, *event.event);
  EXPECT_EQ(bench_->pending(subscription.id.key).size(), 50U);
  EXPECT_FALSE(bench_->find(tenant.key, later.event->id));
  EXPECT_TRUE(bench_->accept(later)) << "it serves";
}

TEST_F(SqliteFiles, ALogThatWasLeftBehindDoesNotGetIntoARestoredDatabase) {
  open();
  const auto tenant = bench_->make_tenant();
  const std::string backup = folder_.path() + "/backup";
  ASSERT_TRUE(bench_->backup(backup));
  const auto later = bench_->make_event(tenant.key, {});
  std::filesystem::copy_file(database() + "-wal", folder_.path() + "/log");
  close();
  std::filesystem::remove(database());
  std::filesystem::copy_file(folder_.path() + "/log", database() + "-wal");
  ASSERT_TRUE(restore_sqlite(backup, options_.data_dir));
  open();
  EXPECT_EQ(bench_->catalogue().tenants.size(), 1U);
  EXPECT_FALSE(bench_->find(tenant.key, later.event->id));
}

TEST_F(SqliteFiles, CopiesAFolderWhetherAServerRunsOnItOrNot) {
  EXPECT_EQ(backup_sqlite(options_.data_dir, folder_.path() + "/none").error().kind, ErrorKind::not_found);
  open();
  const auto tenant = bench_->make_tenant();
  const auto made = bench_->make_event(tenant.key, {});
  ASSERT_TRUE(backup_sqlite(options_.data_dir, folder_.path() + "/running"));
  EXPECT_TRUE(bench_->make_event(tenant.key, {}).event) << "the server goes on";
  close();
  ASSERT_TRUE(backup_sqlite(options_.data_dir, folder_.path() + "/stopped"));
  EXPECT_EQ(backup_sqlite(options_.data_dir, folder_.path() + "/stopped").error().kind, ErrorKind::conflict);
  for (const char* name : {"/running", "/stopped"}) {
    options_.data_dir = folder_.path() + "/restored" + name;
    ASSERT_TRUE(restore_sqlite(folder_.path() + name, options_.data_dir));
    open();
    EXPECT_TRUE(bench_->find(tenant.key, made.event->id)) << name;
    close();
  }
}

TEST_F(SqliteFiles, RestoresOnlySoundBackups) {
  open();
  const auto tenant = bench_->make_tenant();
  for (int i = 0; i < 200; ++i) bench_->make_event(tenant.key, {});
  const std::string backup = folder_.path() + "/backup";
  ASSERT_TRUE(bench_->backup(backup));
  close();
  const std::string target = folder_.path() + "/target";
  EXPECT_EQ(restore_sqlite(folder_.path() + "/missing", target).error().kind, ErrorKind::invalid_argument);
  std::ofstream(folder_.path() + "/text") << "this is no database at all, only some text";
  EXPECT_EQ(restore_sqlite(folder_.path() + "/text", target).error().kind, ErrorKind::invalid_argument);
  const std::string damaged = folder_.path() + "/damaged";
  std::filesystem::copy_file(backup, damaged);
  {
    std::fstream file(damaged, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(damaged) / 2));
    file << std::string(20'000, '\xff');
  }
  EXPECT_EQ(restore_sqlite(damaged, target).error().kind, ErrorKind::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(DataFolder::database_path(target)));
  EXPECT_TRUE(restore_sqlite(backup, target));
}

TEST_F(SqliteFiles, SealsEverySecretAnewOrNone) {
  open();
  const auto tenant = bench_->make_tenant();
  for (int i = 0; i < 3; ++i) bench_->make_subscription(tenant.key);
  const auto deleted = bench_->make_subscription(tenant.key);
  ASSERT_TRUE(bench_->remove(deleted.id.key));
  const auto before = bench_->catalogue().subscriptions;
  close();

  const std::string key_row = "SELECT CAST(sealed AS TEXT) FROM signing_keys WHERE id = 'one'";
  Connection(database(), Connection::Mode::read_write, {}).execute("INSERT INTO signing_keys VALUES('one', x'6f6c64', 0)");
  const auto stored_key = [&] { return Connection(database(), Connection::Mode::read_write, {}).query_text(key_row); };
  auto folder = DataFolder::open(options_.data_dir);
  ASSERT_TRUE(folder);

  const auto fresh_secret = [](SubscriptionId, std::string_view) -> Result<std::string> { return std::string("new"); };
  const auto failed = reseal_sqlite(**folder, {fresh_secret, [](const std::string&, std::string_view) -> Result<std::string> {
                                                 return invalid("key", "the old key does not open it");
                                               }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().field, "key");
  folder->reset();
  open();
  EXPECT_EQ(bench_->catalogue().subscriptions, before);
  close();
  EXPECT_EQ(stored_key(), "old");

  folder = DataFolder::open(options_.data_dir);
  ASSERT_TRUE(folder);
  const auto count = reseal_sqlite(
      **folder,
      {[](SubscriptionId id, std::string_view old) -> Result<std::string> { return to_text(id) + std::string(old); },
       [](const std::string& id, std::string_view old) -> Result<std::string> { return id + " " + std::string(old); }});
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 4U) << "deleted ones too: no secret stays under the old key";
  folder->reset();
  EXPECT_EQ(stored_key(), "one old");
  open();
  for (const auto& subscription : bench_->catalogue().subscriptions) {
    EXPECT_EQ(subscription.sealed_secret, to_text(subscription.id) + before[0].sealed_secret);
  }
  auto nothing = DataFolder::open(folder_.path() + "/nothing");
  ASSERT_TRUE(nothing);
  EXPECT_EQ(reseal_sqlite(**nothing, {}).error().kind, ErrorKind::not_found);
}

TEST_F(SqliteFiles, SaysWhatTimeItHasSeenAlsoWhenTheClockIsBehindNow) {
  open();
  EXPECT_EQ(store_->latest_time(), Timestamp()) << "a new store has seen nothing";
  bench_->make_tenant();
  const Timestamp made = clock_.schedule_now();
  close();
  open();
  EXPECT_EQ(store_->latest_time(), made) << "keys tell the time";
  clock_.advance(std::chrono::hours(24));
  const auto leases = bench_->claim("one");
  clock_.advance(std::chrono::seconds(5));
  bench_->renew("one", leases, kLeaseTime);
  const Timestamp renewed = clock_.schedule_now();
  close();
  for (int start = 0; start < 3; ++start) {  // also when a start ends before it has leases of its own
    open();
    EXPECT_EQ(store_->latest_time(), renewed) << "leases tell the time while nothing new is made";
    close();
  }
}

TEST_F(SqliteFiles, RefusesToBackUpTheSchemaOfANewerProgram) {
  open();
  close();
  const auto set_version = [&](std::int64_t version) {
    Connection(database(), Connection::Mode::read_write, {}).execute("PRAGMA user_version = " + std::to_string(version));
  };
  set_version(kSchemaVersion + 1);
  const std::string copy = folder_.path() + "/copy.db";
  EXPECT_EQ(backup_sqlite(options_.data_dir, copy).error().code, "schema_too_new");
  EXPECT_FALSE(std::filesystem::exists(copy));
  set_version(kSchemaVersion);
  EXPECT_TRUE(backup_sqlite(options_.data_dir, copy));
}

TEST_F(SqliteFiles, FreesTheShardsOfADeadProcessWhenItOpens) {
  open();
  const auto first = bench_->claim("one");
  close();
  open();
  const auto second = bench_->claim("two");  // at once, not after the lease
  ASSERT_EQ(second.size(), kShardCount);
  EXPECT_GT(second[0].epoch, first[0].epoch);
}

TEST_F(SqliteFiles, KeepsTheLogShort) {
  options_.checkpoint_bytes = 256 * 1024;
  open();
  const auto tenant = bench_->make_tenant();
  std::uintmax_t longest = 0;
  for (int i = 0; i < 300; ++i) {
    auto event = bench_->event(tenant.key);
    event.payload.assign(20'000, 'x');
    ASSERT_TRUE(bench_->accept(bench_->new_event(event, {})));
    longest = std::max(longest, std::filesystem::file_size(database() + "-wal"));
  }
  EXPECT_GT(store_->measures().checkpoints, 3U);
  EXPECT_LT(longest, 3U * 256U * 1024U);
}

TEST_F(SqliteFiles, ReadersAreBoundedAndRefuseWhatIsTooMuch) {
  open();
  bench_->make_tenant();
  std::mutex gate;
  std::unique_lock closed(gate);
  std::atomic<int> ran{0};
  ReaderPool pool(
      [this] { return std::make_unique<Reader>(std::make_unique<Connection>(database(), Connection::Mode::read_only, "")); },
      nullptr);
  pool.start(1);
  const auto job = [&](Reader* reader) {
    EXPECT_NE(reader, nullptr);
    const std::lock_guard wait(gate);
    ++ran;
  };
  ReaderPool::Job first = job;
  ASSERT_TRUE(pool.submit(first));
  std::size_t admitted = 1;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kReadQueueMax + 10; ++i) {
    ReaderPool::Job next = job;
    pool.submit(next) ? ++admitted : ++refused;
  }
  EXPECT_GE(refused, 10U);
  EXPECT_LE(refused, 11U) << "the first may or may not have left the queue";
  closed.unlock();
  pool.stop();
  EXPECT_EQ(static_cast<std::size_t>(ran), admitted) << "what was admitted is answered";
  ReaderPool::Job late = job;
  EXPECT_FALSE(pool.submit(late));
}

TEST_F(SqliteFiles, OpensNoReaderBeforeSomethingIsRead) {
  open();
  bench_->make_tenant();
  const auto open_files = [this] {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry.path(), gone) == database()) ++count;
    }
    return count;
  };
  EXPECT_EQ(open_files(), 1);
  bench_->catalogue();
  EXPECT_EQ(open_files(), 2);
}

}  // namespace
}  // namespace posthorn::store::sqlite
