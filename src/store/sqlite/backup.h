// Backups: a consistent copy while serving; and putting one back.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/unique_function.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

// BackupRunner: copies the database to a new file on a thread of its own, one copy at a time.
//
// The copy is one snapshot of the log, so writers go on and their writes are not in it; meanwhile the log cannot start over and
// grows. (VACUUM INTO holds the log just so, and took five times the CPU in a trial with 650 MB.)
// Concurrency: start() and stop() from any thread.
class BackupRunner {
 public:
  using Done = UniqueFunction<void(Status)>;
  // Opens what is to be copied. Throws DatabaseError.
  using OpenSource = std::function<std::unique_ptr<Connection>()>;

  explicit BackupRunner(OpenSource open_source);
  // For a database that only `shared` reaches: it is locked during the copy.
  BackupRunner(Connection& shared, std::mutex& shared_mutex);
  BackupRunner(const BackupRunner&) = delete;
  BackupRunner& operator=(const BackupRunner&) = delete;
  ~BackupRunner() { stop(); }

  // `done` runs on the backup's thread, or at once when one is running already (conflict).
  void start(std::string path, Done done);
  // Gives up a copy that is under way.
  void stop();

 private:
  Status copy(const std::string& path);
  Status copy_from(Connection& source, const std::string& path);

  const OpenSource open_source_;
  Connection* const shared_ = nullptr;
  std::mutex* const shared_mutex_ = nullptr;

  std::mutex mutex_;
  std::thread thread_;
  bool running_ = false;
  std::atomic<bool> stopping_{false};
};

}  // namespace posthorn::store::sqlite
