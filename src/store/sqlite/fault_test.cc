// What a failing disk does to the store: nothing that was acknowledged is lost, and it says how it is.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "store/conformance/fixture.h"
#include "store/sqlite/fault_vfs.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store::sqlite {
namespace {

using conformance::Bench;
using conformance::ScratchFolder;
using conformance::TestLoop;

class SqliteFaults : public testing::Test {
 protected:
  void SetUp() override {
    options_.data_dir = folder_.path() + "/data";
    options_.vfs = vfs_.name();
    options_.probe_interval = std::chrono::milliseconds(5);
    open();
  }
  void TearDown() override {
    vfs_.release();
    close();
  }

  void open() {
    auto opened = open_sqlite(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    bench_.emplace(loop_, *store_, clock_, ids_);
  }
  void close() {
    bench_.reset();
    if (store_ != nullptr) store_->stop();
    store_.reset();
  }

  void make_rows() {
    tenant_ = bench_->make_tenant();
    subscription_ = bench_->make_subscription(tenant_.key);
    bench_->claim("node");
  }
  // One that takes several writes to the log (log_vfs.h gathers small ones).
  domain::Event large_event() {
    auto event = bench_->event(tenant_.key);
    event.payload.assign(500'000, '7');
    return event;
  }
  // Every event that was acknowledged is there, with its payload and its delivery.
  void expect_all_there(const std::vector<NewEvent>& acknowledged) {
    for (const NewEvent& made : acknowledged) {
      const auto found = bench_->find(tenant_.key, made.event->id);
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->event, *made.event);
      for (const auto& delivery : made.deliveries) EXPECT_TRUE(bench_->find(tenant_.key, delivery.id));
    }
  }
  bool wait_for(Health::State state) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (store_->health().state != state) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  ScratchFolder folder_;
  ManualClock clock_;
  IdSource ids_{clock_, 7};
  TestLoop loop_;
  FaultVfs vfs_;
  SqliteOptions options_;
  std::unique_ptr<Store> store_;
  std::optional<Bench> bench_;
  domain::Tenant tenant_;
  domain::Subscription subscription_;
};

struct Fault {
  const char* name;
  int code;
  int bytes;
};

class SqliteWriteFaults : public SqliteFaults, public testing::WithParamInterface<Fault> {};

TEST_P(SqliteWriteFaults, RefusesWhileWritesFailAndGoesOnWithoutARestart) {
  make_rows();
  std::vector<NewEvent> acknowledged;
  for (int i = 0; i < 20; ++i) acknowledged.push_back(bench_->make_event(tenant_.key, {subscription_}));

  vfs_.fail_writes(GetParam().code, GetParam().bytes);
  const auto refused = bench_->new_event(large_event(), {subscription_});
  const auto answer = bench_->accept(refused);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(answer.error().retry_after);
  EXPECT_EQ(store_->health().state, Health::State::degraded);
  EXPECT_NE(store_->health().reason, "");
  EXPECT_FALSE(bench_->find(tenant_.key, refused.event->id)) << "nothing of a refused write may be seen";
  expect_all_there(acknowledged);

  vfs_.heal();
  EXPECT_TRUE(wait_for(Health::State::ok)) << "the store finds out by itself";
  ASSERT_TRUE(bench_->accept(refused)) << "the same write is taken now";
  acknowledged.push_back(refused);
  for (int i = 0; i < 20; ++i) acknowledged.push_back(bench_->make_event(tenant_.key, {subscription_}));
  close();
  open();
  expect_all_there(acknowledged);
  EXPECT_EQ(bench_->count().pending, 41U);
}

TEST_P(SqliteWriteFaults, TheNextWriteTriesAgainBeforeAnyProbe) {
  close();
  options_.probe_interval = std::chrono::hours(1);
  open();
  make_rows();
  vfs_.fail_writes(GetParam().code, GetParam().bytes);
  const auto made = bench_->new_event(large_event(), {subscription_});
  EXPECT_FALSE(bench_->accept(made));
  vfs_.heal();
  EXPECT_TRUE(bench_->accept(made));
  EXPECT_EQ(store_->health().state, Health::State::ok);
}

INSTANTIATE_TEST_SUITE_P(Kinds, SqliteWriteFaults,
                         testing::Values(Fault{"FullAtOnce", SQLITE_FULL, 0}, Fault{"FullAfterSomeFrames", SQLITE_FULL, 10'000},
                                         Fault{"WriteError", SQLITE_IOERR_WRITE, 0},
                                         Fault{"WriteErrorAfterSomeFrames", SQLITE_IOERR_WRITE, 14'000},
                                         Fault{"ReadOnly", SQLITE_READONLY, 0}),
                         [](const auto& tested) { return tested.param.name; });

TEST_F(SqliteFaults, RefusesAttemptsToo) {
  make_rows();
  bench_->make_event(tenant_.key, {subscription_});
  const auto pending = bench_->pending(subscription_.id.key);
  vfs_.fail_writes(SQLITE_FULL);
  const auto outcome = bench_->outcome(pending.at(0), domain::DeliveryState::succeeded);
  EXPECT_EQ(bench_->record(outcome).error().kind, ErrorKind::unavailable);
  vfs_.heal();
  EXPECT_TRUE(bench_->record(outcome));
}

TEST_F(SqliteFaults, AFailedSyncOfTheLogIsForEver) {
  make_rows();
  const auto acknowledged = bench_->make_event(tenant_.key, {subscription_});
  vfs_.fail_log_syncs(SQLITE_IOERR_FSYNC);
  const auto doubtful = bench_->new_event(bench_->event(tenant_.key), {subscription_});
  EXPECT_EQ(bench_->accept(doubtful).error().kind, ErrorKind::unavailable);
  EXPECT_EQ(store_->health().state, Health::State::failed);
  EXPECT_NE(store_->health().reason.find("restart"), std::string::npos);

  vfs_.heal();
  const auto late = bench_->new_event(bench_->event(tenant_.key), {subscription_});
  EXPECT_EQ(bench_->accept(late).error().kind, ErrorKind::unavailable) << "a sync is never tried again";
  EXPECT_EQ(store_->health().state, Health::State::failed);
  expect_all_there({acknowledged});

  close();
  open();
  EXPECT_EQ(store_->health().state, Health::State::ok);
  expect_all_there({acknowledged});
  EXPECT_FALSE(bench_->find(tenant_.key, late.event->id));
  EXPECT_TRUE(bench_->accept(late)) << "a restart takes writes again";
}

TEST_F(SqliteFaults, AFailedSyncInACheckpointIsForEver) {
  close();
  options_.checkpoint_bytes = 16 * options_.page_bytes;
  open();
  make_rows();
  vfs_.fail_database_syncs(SQLITE_IOERR_FSYNC);
  std::vector<NewEvent> acknowledged;
  for (int i = 0; i < 1000; ++i) {
    auto made = bench_->new_event(bench_->event(tenant_.key), {subscription_});
    if (!bench_->accept(made)) break;
    acknowledged.push_back(std::move(made));
  }
  ASSERT_LT(acknowledged.size(), 1000U);
  EXPECT_EQ(store_->health().state, Health::State::failed);
  vfs_.heal();
  EXPECT_FALSE(bench_->accept(bench_->new_event(bench_->event(tenant_.key), {subscription_})));
  close();
  open();
  expect_all_there(acknowledged);
}

TEST_F(SqliteFaults, ACheckpointThatCannotWriteKeepsTheLogAndIsTriedAgain) {
  close();
  options_.checkpoint_bytes = 16 * options_.page_bytes;
  open();
  make_rows();
  vfs_.fail_database_syncs(SQLITE_IOERR_WRITE);  // any error of the database file that is no failed sync
  std::vector<NewEvent> acknowledged;
  for (int i = 0; i < 200; ++i) acknowledged.push_back(bench_->make_event(tenant_.key, {subscription_}));
  EXPECT_TRUE(wait_for(Health::State::degraded));
  vfs_.heal();
  EXPECT_TRUE(wait_for(Health::State::ok));
  expect_all_there(acknowledged);
}

TEST_F(SqliteFaults, AFullQueueRefusesPublishersButNotEngines) {
  make_rows();
  bench_->make_event(tenant_.key, {subscription_});
  const auto pending = bench_->pending(subscription_.id.key);
  auto outcome = bench_->outcome(pending.at(0), domain::DeliveryState::succeeded);

  vfs_.hold_syncs();
  std::size_t accepted = 0;
  std::size_t refused = 0;
  const auto publish = [&] {
    auto made = bench_->new_event(bench_->event(tenant_.key), {});
    AcceptEvents write;
    write.events.push_back(std::move(made));
    bench_->session->accept_events(std::move(write), [&](auto results) {
      if (results) {
        ++accepted;
      } else {
        EXPECT_EQ(results.error().kind, ErrorKind::unavailable);
        EXPECT_TRUE(results.error().retry_after);
        ++refused;
      }
    });
  };
  publish();
  loop_.run_queued();
  vfs_.wait_until_held();  // that one is in its commit; the queue is the others'
  for (std::size_t i = 0; i < kWriterQueueOpsMax + 10; ++i) publish();
  loop_.run_queued();
  EXPECT_EQ(refused, 11U);
  EXPECT_EQ(accepted, 0U);
  EXPECT_EQ(store_->measures().queued, kWriterQueueOpsMax);

  std::optional<Result<RecordedAttempt>> recorded;
  bench_->session->record_attempt(std::make_shared<RecordAttempt>(outcome),
                                  [&](auto result) { recorded.emplace(std::move(result)); });
  loop_.run_queued();
  EXPECT_FALSE(recorded) << "admitted, and waits for the commit";
  vfs_.release();
  EXPECT_TRUE(loop_.run_until([&] { return recorded && accepted == kWriterQueueOpsMax; }));
  EXPECT_TRUE(*recorded);
  EXPECT_EQ(store_->measures().queued, 0U);
}

TEST_F(SqliteFaults, TheQueueIsBoundedInBytesToo) {
  make_rows();
  vfs_.hold_syncs();
  std::size_t done = 0;
  std::size_t refused = 0;
  const auto publish = [&](std::size_t bytes) {
    auto event = bench_->event(tenant_.key);
    event.payload.assign(bytes, '1');
    AcceptEvents write;
    write.events.push_back(bench_->new_event(std::move(event), {}));
    bench_->session->accept_events(std::move(write), [&](auto results) { results ? ++done : ++refused; });
  };
  constexpr std::size_t kBytes = 8 * 1024 * 1024;
  for (std::size_t i = 0; i < kWriterQueueBytesMax / kBytes; ++i) publish(kBytes);
  loop_.run_queued();
  EXPECT_EQ(refused, 1U) << "with what stands beside the payload, the last is too much";
  vfs_.wait_until_held();
  vfs_.release();
  EXPECT_TRUE(loop_.run_until([&] { return done == kWriterQueueBytesMax / kBytes - 1; }));
}

TEST_F(SqliteFaults, StoppingFinishesWhatWaits) {
  make_rows();
  vfs_.hold_syncs();
  std::vector<NewEvent> made;
  for (int i = 0; i < 100; ++i) {
    made.push_back(bench_->new_event(bench_->event(tenant_.key), {subscription_}));
    AcceptEvents write;
    write.events.push_back(made.back());
    bench_->session->accept_events(std::move(write), [](auto) { FAIL() << "the session is closed by then"; });
  }
  loop_.run_queued();
  vfs_.wait_until_held();
  vfs_.release();
  bench_.reset();  // waits for what is under way; its completions do not run
  loop_.run_queued();
  store_->stop();
  store_->stop();
  store_.reset();
  open();
  expect_all_there(made);
}

// A small file system of its own, gone at the end whatever happens.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path) : path_(path) {
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  const std::string path_;
  bool mounted_ = false;
};

TEST(SqliteOnASmallDisk, TakesWritesAgainWhenThereIsSpace) {
  const ScratchFolder folder;
  const SmallDisk disk(folder.path());
  if (!disk.mounted()) {
    GTEST_SKIP() << "cannot mount a small tmpfs (" << std::strerror(errno) << "); run as root to test a really full disk";
  }
  ManualClock clock;
  IdSource ids(clock, 7);
  TestLoop loop;
  SqliteOptions options;
  options.data_dir = folder.path() + "/data";
  options.probe_interval = std::chrono::milliseconds(5);
  options.checkpoint_bytes = 512 * 1024;
  auto store = open_sqlite(options, clock);
  ASSERT_TRUE(store) << store.error().message;
  std::optional<Bench> bench(std::in_place, loop, **store, clock, ids);
  const auto tenant = bench->make_tenant();
  const auto subscription = bench->make_subscription(tenant.key);

  const std::string ballast = folder.path() + "/ballast";
  std::ofstream(ballast) << std::string(1024 * 1024, 'x');
  std::vector<NewEvent> acknowledged;
  bool full = false;
  for (int i = 0; i < 5000 && !full; ++i) {
    auto event = bench->event(tenant.key);
    event.payload = "\"" + std::string(2000, 'p') + "\"";
    auto made = bench->new_event(std::move(event), {subscription});
    const auto answer = bench->accept(made);
    if (answer) {
      acknowledged.push_back(std::move(made));
    } else {
      EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
      full = true;
    }
  }
  ASSERT_TRUE(full);
  EXPECT_EQ((*store)->health().state, Health::State::degraded) << (*store)->health().reason;
  const auto before = acknowledged.size();

  std::remove(ballast.c_str());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while ((*store)->health().state != Health::State::ok && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ((*store)->health().state, Health::State::ok);
  for (int i = 0; i < 50; ++i) acknowledged.push_back(bench->make_event(tenant.key, {subscription}));
  bench.reset();
  (*store)->stop();

  store = open_sqlite(options, clock);
  ASSERT_TRUE(store) << store.error().message;
  bench.emplace(loop, **store, clock, ids);
  EXPECT_EQ(acknowledged.size(), before + 50);
  for (const auto& made : acknowledged) {
    const auto found = bench->find(tenant.key, made.event->id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->event, *made.event);
  }
  bench.reset();
  (*store)->stop();
}

}  // namespace
}  // namespace posthorn::store::sqlite
