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

  // After `bytes` more have been written to the log or the database, every write fails with SQLite's `code`, until heal(). The
  // write that crosses the bound leaves its first part behind, as on a disk that fills up in the middle of it.
  void fail_writes(int code, int bytes = 0);
  void fail_log_syncs(int code);
  void fail_database_syncs(int code);
  void heal();

  // Holds the next sync of the log, and with it the writer, until release().
  void hold_syncs();
  void wait_until_held();
  void release();

  // --- called by the file layer ---
  struct WriteAnswer {
    int code;   // SQLITE_OK or the fault
    int taken;  // how many of the bytes are written
  };
  WriteAnswer next_write(int bytes);
  int next_sync(bool is_log);

 private:
  const std::string name_;
  sqlite3_vfs vfs_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  int write_code_ = SQLITE_OK;
  int bytes_left_ = 0;
  int log_sync_code_ = SQLITE_OK;
  int database_sync_code_ = SQLITE_OK;
  bool holding_ = false;
  bool held_ = false;
};

}  // namespace posthorn::store::sqlite
