// FaultVfs: a file layer for tests: the system's, with faults on command. Tests only.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

namespace posthorn::store::sqlite {

// Registered with SQLite under name() while it lives; every store that uses it must be gone before.
class FaultVfs {
 public:
  FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  ~FaultVfs();

  const std::string& name() const { return name_; }

  // From the (`after` + 1)th write to the log or the database on, each fails with SQLite's `code`, until heal().
  void fail_writes(int code, int after = 0);
  void fail_log_syncs(int code);
  void fail_database_syncs(int code);
  void heal();

  // Holds the next sync of the log, and with it the writer, until release().
  void hold_syncs();
  void wait_until_held();
  void release();

  // --- called by the file layer ---
  int next_write();  // SQLITE_OK or the fault
  int next_sync(bool is_log);

 private:
  const std::string name_;
  sqlite3_vfs vfs_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  int write_code_ = SQLITE_OK;
  int writes_left_ = 0;
  int log_sync_code_ = SQLITE_OK;
  int database_sync_code_ = SQLITE_OK;
  bool holding_ = false;
  bool held_ = false;
};

}  // namespace posthorn::store::sqlite
