#include "store/sqlite/sqlite_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "store/sqlite/data_folder.h"
#include "store/sqlite/log_vfs.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/session.h"

namespace posthorn::store::sqlite {
namespace {

constexpr const char* kLargestKey =
    "SELECT max(coalesce((SELECT max(key) FROM tenants), 0), coalesce((SELECT max(key) FROM topics), 0), "
    "coalesce((SELECT max(key) FROM scopes), 0), coalesce((SELECT max(key) FROM subscriptions), 0), "
    "coalesce((SELECT max(key) FROM events), 0), coalesce((SELECT max(key) FROM deliveries), 0), "
    "coalesce((SELECT max(event) FROM idempotency), 0), coalesce((SELECT max(key) FROM accounts), 0), "
    "coalesce((SELECT max(key) FROM grants), 0), coalesce((SELECT max(key) FROM issuers), 0), "
    "coalesce((SELECT max(key) FROM audit), 0), coalesce((SELECT max(key) FROM automations), 0), "
    "coalesce((SELECT max(key) FROM jobs), 0))";

std::unique_ptr<Connection> open_writer(const SqliteOptions& options, const std::string& path) {
  const bool in_folder = options.place == SqliteOptions::Place::folder;
  auto connection =
      std::make_unique<Connection>(path, Connection::Mode::read_write, in_folder ? log_vfs_above(options.vfs) : options.vfs);
  connection->execute("PRAGMA page_size = " + std::to_string(options.page_bytes));
  connection->execute("PRAGMA cache_size = -" + std::to_string(options.writer_cache_kib));
  connection->execute("PRAGMA temp_store = MEMORY");
  connection->execute("PRAGMA secure_delete = OFF");
  connection->execute("PRAGMA mmap_size = 0");
  if (in_folder) {
    if (connection->query_text("PRAGMA journal_mode = WAL") != "wal") {
      throw DatabaseError(SQLITE_CANTOPEN, "the file system has no shared memory, which the write-ahead log needs");
    }
    connection->execute("PRAGMA synchronous = FULL");
    connection->execute("PRAGMA wal_autocheckpoint = 0");
    connection->query_integer("PRAGMA journal_size_limit = " + std::to_string(8 * options.checkpoint_bytes));
  }
  return connection;
}

std::unique_ptr<Connection> open_reader(const SqliteOptions& options, const std::string& path) {
  auto connection = std::make_unique<Connection>(path, Connection::Mode::read_only, options.vfs);
  connection->execute("PRAGMA query_only = ON");
  connection->execute("PRAGMA cache_size = -" + std::to_string(options.reader_cache_kib));
  connection->execute("PRAGMA temp_store = MEMORY");
  connection->execute("PRAGMA mmap_size = 0");
  return connection;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(SqliteOptions options, const Clock& clock, std::unique_ptr<DataFolder> folder, std::string path,
              std::unique_ptr<Connection> connection, Timestamp latest_time)
      : options_(std::move(options)),
        latest_time_(latest_time),
        folder_(std::move(folder)),
        path_(std::move(path)),
        connection_(std::move(connection)),
        writer_(std::make_unique<Writer>(*connection_, connection_mutex_, options_, clock)) {
    if (options_.place == SqliteOptions::Place::memory) {
      readers_ = std::make_unique<ReaderPool>([this] { return std::make_unique<Reader>(*connection_); }, &connection_mutex_);
      backups_ = std::make_unique<BackupRunner>(*connection_, connection_mutex_);
    } else {
      readers_ =
          std::make_unique<ReaderPool>([this] { return std::make_unique<Reader>(open_reader(options_, path_)); }, nullptr);
      backups_ = std::make_unique<BackupRunner>([this] { return open_reader(options_, path_); });
    }
    writer_->start();
    readers_->start(options_.threads == SqliteOptions::Threads::caller ? 0 : options_.reader_threads);
  }
  ~SqliteStore() override { stop(); }

  std::unique_ptr<Session> open_session(EventLoop& loop) override {
    return std::make_unique<SqliteSession>(loop, *writer_, *readers_, *backups_);
  }

  Health health() const override { return writer_->health(); }

  Measures measures() const override {
    Measures measures = writer_->measures();
    std::error_code ignored;
    if (folder_ != nullptr) measures.data_bytes = std::filesystem::file_size(path_, ignored);
    return measures;
  }

  std::int64_t largest_key() const override {
    const std::lock_guard lock(connection_mutex_);
    return connection_ == nullptr ? 0 : connection_->query_integer(kLargestKey);
  }

  Timestamp latest_time() const override { return latest_time_; }

  void stop() override {
    backups_->stop();
    writer_->stop();
    readers_->stop();
    const std::lock_guard lock(connection_mutex_);
    if (connection_ == nullptr) return;
    if (writer_->failed()) sqlite3_db_config(connection_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    writer_->release_connection();
    connection_.reset();
    folder_.reset();
  }

 private:
  const SqliteOptions options_;
  const Timestamp latest_time_;
  std::unique_ptr<DataFolder> folder_;  // null in memory
  const std::string path_;
  mutable std::mutex connection_mutex_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<BackupRunner> backups_;
};

Error open_failure(const DatabaseError& error, const std::string& path) {
  const std::string message = "cannot open the database " + path + ": " + error.what();
  return classify(error.code()) == FailureClass::environment ? unavailable(message, "database_unusable")
                                                             : internal_error(message);
}

// Keys are made of the time, and leases are renewed all the time.
Timestamp latest_time_in(Connection& connection) {
  const Timestamp leased(Milliseconds(connection.query_integer("SELECT coalesce(max(abs(expires)), 0) FROM shards")));
  const std::int64_t key = connection.query_integer(kLargestKey);
  return std::max(leased - kLeaseTime, key == 0 ? Timestamp() : key_time(key));
}

// Nobody else lives. A lease that was left behind keeps its time, with a minus: latest_time_in() still wants it if this
// process ends before it has leases of its own.
constexpr const char* kFreeShards = "UPDATE shards SET expires = -expires WHERE expires > 0";

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(SqliteOptions options, const Clock& clock, std::unique_ptr<DataFolder> held) {
  std::unique_ptr<DataFolder> folder = std::move(held);
  std::string path = ":memory:";
  if (options.place == SqliteOptions::Place::folder) {
    if (folder == nullptr) {
      auto opened = DataFolder::open(options.data_dir);
      if (!opened) return opened.error();
      folder = std::move(*opened);
    }
    path = folder->database();
    if (auto made = make_private_file(path, Existing::accept); !made) return made.error();
  }
  try {
    auto connection = open_writer(options, path);
    if (auto migrated = migrate(*connection); !migrated) return migrated.error();
    const Timestamp latest_time = latest_time_in(*connection);
    connection->execute(kFreeShards);
    options.page_bytes = connection->query_integer("PRAGMA page_size");  // an older file keeps its own
    return std::unique_ptr<Store>(
        new SqliteStore(std::move(options), clock, std::move(folder), std::move(path), std::move(connection), latest_time));
  } catch (const DatabaseError& error) {
    return open_failure(error, path);
  }
}

}  // namespace posthorn::store::sqlite
