#include "store/sqlite/fault_vfs.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

namespace posthorn::store::sqlite {
namespace {

std::atomic<int> next_number{0};

// The system's file stands right behind in the memory that SQLite gives.
struct File {
  sqlite3_file base;
  FaultVfs* faults;
  bool is_log;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* self(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real(sqlite3_file* file) { return self(file)->real(); }
sqlite3_vfs* system_vfs() { return sqlite3_vfs_find(nullptr); }

int on_close(sqlite3_file* file) {
  const int code = real(file)->pMethods == nullptr ? SQLITE_OK : real(file)->pMethods->xClose(real(file));
  file->pMethods = nullptr;
  return code;
}
int on_read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), bytes, count, at);
}
int on_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
  const auto [code, taken] = self(file)->faults->next_write(count);
  if (taken > 0) {
    const int written = real(file)->pMethods->xWrite(real(file), bytes, taken, at);
    if (code == SQLITE_OK || written != SQLITE_OK) return written;
  }
  return code;
}
int on_truncate(sqlite3_file* file, sqlite3_int64 size) { return real(file)->pMethods->xTruncate(real(file), size); }
int on_sync(sqlite3_file* file, int flags) {
  const int code = self(file)->faults->next_sync(self(file)->is_log);
  return code == SQLITE_OK ? real(file)->pMethods->xSync(real(file), flags) : code;
}
int on_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int on_lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int on_unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int on_check_lock(sqlite3_file* file, int* held) { return real(file)->pMethods->xCheckReservedLock(real(file), held); }
int on_control(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int on_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int on_characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int on_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}
int on_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void on_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int on_shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

constexpr sqlite3_io_methods kMethods{2,
                                      on_close,
                                      on_read,
                                      on_write,
                                      on_truncate,
                                      on_sync,
                                      on_size,
                                      on_lock,
                                      on_unlock,
                                      on_check_lock,
                                      on_control,
                                      on_sector_size,
                                      on_characteristics,
                                      on_shm_map,
                                      on_shm_lock,
                                      on_shm_barrier,
                                      on_shm_unmap,
                                      nullptr,
                                      nullptr};

int on_open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  File* made = new (file) File{{nullptr}, static_cast<FaultVfs*>(vfs->pAppData), (flags & SQLITE_OPEN_WAL) != 0};
  const int code = system_vfs()->xOpen(system_vfs(), name, made->real(), flags, flags_out);
  if (code == SQLITE_OK) made->base.pMethods = &kMethods;
  return code;
}

}  // namespace

FaultVfs::FaultVfs() : name_("posthorn-fault-" + std::to_string(++next_number)) {
  vfs_ = *system_vfs();
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_vfs()->szOsFile;
  vfs_.pAppData = this;
  vfs_.xOpen = on_open;
  // The other calls get the system's layer through its own pointer, which they do not look at.
  sqlite3_vfs_register(&vfs_, 0);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&vfs_); }

void FaultVfs::fail_writes(int code, int bytes) {
  const std::lock_guard lock(mutex_);
  write_code_ = code;
  bytes_left_ = bytes;
}
void FaultVfs::fail_log_syncs(int code) {
  const std::lock_guard lock(mutex_);
  log_sync_code_ = code;
}
void FaultVfs::fail_database_syncs(int code) {
  const std::lock_guard lock(mutex_);
  database_sync_code_ = code;
}
void FaultVfs::heal() {
  const std::lock_guard lock(mutex_);
  write_code_ = log_sync_code_ = database_sync_code_ = SQLITE_OK;
}

void FaultVfs::hold_syncs() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}
void FaultVfs::wait_until_held() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return held_; });
}
void FaultVfs::release() {
  {
    const std::lock_guard lock(mutex_);
    holding_ = held_ = false;
  }
  changed_.notify_all();
}

FaultVfs::WriteAnswer FaultVfs::next_write(int bytes) {
  const std::lock_guard lock(mutex_);
  if (write_code_ == SQLITE_OK) return {SQLITE_OK, bytes};
  const int taken = std::min(bytes, bytes_left_);
  bytes_left_ -= taken;
  return {taken == bytes ? SQLITE_OK : write_code_, taken};
}

int FaultVfs::next_sync(bool is_log) {
  std::unique_lock lock(mutex_);
  if (is_log && holding_) {
    held_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !holding_; });
  }
  return is_log ? log_sync_code_ : database_sync_code_;
}

}  // namespace posthorn::store::sqlite
