#include "store/sqlite/backup.h"

#include <unistd.h>

#include <filesystem>
#include <future>
#include <utility>

#include "store/sqlite/data_folder.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store::sqlite {
namespace {

constexpr int kPagesAtOnce = 1024;

Error backup_failure(const std::string& why) { return unavailable("the backup failed: " + why, "backup_failed"); }

struct FinishBackup {
  void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
};

}  // namespace

BackupRunner::BackupRunner(OpenSource open_source) : open_source_(std::move(open_source)) {}
BackupRunner::BackupRunner(Connection& shared, std::mutex& shared_mutex) : shared_(&shared), shared_mutex_(&shared_mutex) {}

void BackupRunner::start(std::string path, Done done) {
  const std::lock_guard lock(mutex_);
  if (running_ || stopping_) return done(conflict({}, "a backup is being made already", "backup_running"));
  if (thread_.joinable()) thread_.join();
  running_ = true;
  thread_ = std::thread([this, path = std::move(path), done = std::move(done)]() mutable {
    Status status = copy(path);
    {
      const std::lock_guard running(mutex_);
      running_ = false;
    }
    done(std::move(status));
  });
}

void BackupRunner::stop() {
  stopping_ = true;
  std::thread thread;
  {
    const std::lock_guard lock(mutex_);
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

Status BackupRunner::copy(const std::string& path) {
  if (auto made = make_private_file(path, Existing::refuse); !made) return made;
  Status status;
  try {
    if (shared_ != nullptr) {
      const std::lock_guard lock(*shared_mutex_);
      status = copy_from(*shared_, path);
    } else {
      const auto source = open_source_();
      source->execute("BEGIN");
      source->query_integer("SELECT count(*) FROM probe");  // takes the snapshot
      status = copy_from(*source, path);
      source->execute("COMMIT");
    }
    if (status) status = sync_file(path);
  } catch (const DatabaseError& error) {
    status = backup_failure(error.what());
  }
  if (!status) unlink(path.c_str());
  return status;
}

Status BackupRunner::copy_from(Connection& source, const std::string& path) {
  Connection target(path, Connection::Mode::read_write, {});
  target.execute("PRAGMA journal_mode = OFF");
  target.execute("PRAGMA synchronous = OFF");  // sync_file() comes once at the end
  {
    const std::unique_ptr<sqlite3_backup, FinishBackup> backup(
        sqlite3_backup_init(target.handle(), "main", source.handle(), "main"));
    if (backup == nullptr) target.fail();
    int code = SQLITE_OK;
    while (code == SQLITE_OK && !stopping_) code = sqlite3_backup_step(backup.get(), kPagesAtOnce);
    if (stopping_ && code != SQLITE_DONE) return backup_failure("the store is stopping");
    if (code != SQLITE_DONE) return backup_failure(sqlite3_errstr(code));
  }
  return {};
}

Status backup_sqlite(const std::string& data_dir, const std::string& backup_file) {
  const std::string database = DataFolder::database_path(data_dir);
  if (!std::filesystem::exists(database)) return not_found("the data folder " + data_dir + " has no database", "no_database");
  const auto open_source = [&database] {
    // Read-write, because a log that a stopped server left must be brought in; nothing else is written.
    auto source = std::make_unique<Connection>(database, Connection::Mode::read_write, std::string());
    source->execute("PRAGMA query_only = ON");
    return source;
  };
  try {
    if (auto checked = check_schema(*open_source()); !checked) return checked;
  } catch (const DatabaseError& error) {
    return backup_failure(error.what());
  }
  BackupRunner runner(open_source);
  std::promise<Status> ended;
  runner.start(backup_file, [&ended](Status status) { ended.set_value(std::move(status)); });
  return ended.get_future().get();
}

}  // namespace posthorn::store::sqlite
