#include "store/sqlite/log_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <new>

#include "base/check.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {
namespace {

constexpr std::size_t kHeldBytesMax = 1024 * 1024;
constexpr std::size_t kPieceBytesMax = 64 * 1024;  // SQLite's Unix layer takes less than 128 KiB at once

// SQLite reserves szOsFile bytes for a file: this, and behind it the file of the layer below.
struct LogFile {
  sqlite3_file base;
  std::string held;           // not yet written
  sqlite3_int64 held_at = 0;  // where it belongs
  sqlite3_file* below = nullptr;

  int flush() {
    int code = SQLITE_OK;
    for (std::size_t at = 0; at < held.size() && code == SQLITE_OK; at += kPieceBytesMax) {
      const auto bytes = static_cast<int>(std::min(kPieceBytesMax, held.size() - at));
      code = below->pMethods->xWrite(below, held.data() + at, bytes, held_at + static_cast<sqlite3_int64>(at));
    }
    held.clear();
    return code;
  }
};

LogFile& log_file(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }

int close_log(sqlite3_file* file) {
  LogFile& log = log_file(file);
  const int flushed = log.flush();
  const int closed = log.below->pMethods->xClose(log.below);
  log.~LogFile();
  return flushed != SQLITE_OK ? flushed : closed;
}

int read_log(sqlite3_file* file, void* target, int bytes, sqlite3_int64 at) {
  LogFile& log = log_file(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return log.below->pMethods->xRead(log.below, target, bytes, at);
}

int write_log(sqlite3_file* file, const void* source, int bytes, sqlite3_int64 at) {
  LogFile& log = log_file(file);
  const auto held_end = log.held_at + static_cast<sqlite3_int64>(log.held.size());
  if (!log.held.empty() && (at != held_end || log.held.size() >= kHeldBytesMax)) {
    if (const int code = log.flush(); code != SQLITE_OK) return code;
  }
  if (log.held.empty()) log.held_at = at;
  log.held.append(static_cast<const char*>(source), static_cast<std::size_t>(bytes));
  return SQLITE_OK;
}

int truncate_log(sqlite3_file* file, sqlite3_int64 size) {
  LogFile& log = log_file(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return log.below->pMethods->xTruncate(log.below, size);
}

int sync_log(sqlite3_file* file, int flags) {
  LogFile& log = log_file(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return log.below->pMethods->xSync(log.below, flags);
}

int measure_log(sqlite3_file* file, sqlite3_int64* size) {
  LogFile& log = log_file(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return log.below->pMethods->xFileSize(log.below, size);
}

int lock_log(sqlite3_file* file, int level) { return log_file(file).below->pMethods->xLock(log_file(file).below, level); }
int unlock_log(sqlite3_file* file, int level) { return log_file(file).below->pMethods->xUnlock(log_file(file).below, level); }
int check_log_lock(sqlite3_file* file, int* held) {
  return log_file(file).below->pMethods->xCheckReservedLock(log_file(file).below, held);
}
int control_log(sqlite3_file* file, int operation, void* argument) {
  return log_file(file).below->pMethods->xFileControl(log_file(file).below, operation, argument);
}
int log_sector_size(sqlite3_file* file) { return log_file(file).below->pMethods->xSectorSize(log_file(file).below); }
int log_characteristics(sqlite3_file* file) {
  return log_file(file).below->pMethods->xDeviceCharacteristics(log_file(file).below);
}

constexpr sqlite3_io_methods log_methods() {
  sqlite3_io_methods methods{};
  methods.iVersion = 1;
  methods.xClose = close_log;
  methods.xRead = read_log;
  methods.xWrite = write_log;
  methods.xTruncate = truncate_log;
  methods.xSync = sync_log;
  methods.xFileSize = measure_log;
  methods.xLock = lock_log;
  methods.xUnlock = unlock_log;
  methods.xCheckReservedLock = check_log_lock;
  methods.xFileControl = control_log;
  methods.xSectorSize = log_sector_size;
  methods.xDeviceCharacteristics = log_characteristics;
  return methods;
}
constexpr sqlite3_io_methods kLogMethods = log_methods();

int open_file(sqlite3_vfs* layer, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  auto* below = static_cast<sqlite3_vfs*>(layer->pAppData);
  if ((flags & SQLITE_OPEN_WAL) == 0) return below->xOpen(below, name, file, flags, flags_out);
  auto* log = ::new (static_cast<void*>(file)) LogFile{};
  log->below = reinterpret_cast<sqlite3_file*>(log + 1);
  const int code = below->xOpen(below, name, log->below, flags, flags_out);
  if (code == SQLITE_OK) {
    log->base.pMethods = &kLogMethods;
  } else {
    log->~LogFile();
    file->pMethods = nullptr;
  }
  return code;
}

struct Layer {
  std::string name;
  sqlite3_vfs vfs;
};

}  // namespace

std::string log_vfs_above(const std::string& below_name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Layer>> layers;
  const std::lock_guard lock(mutex);
  prepare_library();
  auto& layer = layers[below_name];
  if (!layer) {
    sqlite3_vfs* below = sqlite3_vfs_find(below_name.empty() ? nullptr : below_name.c_str());
    POSTHORN_CHECK(below != nullptr);
    // Everything but opening is the layer below's own: its functions find their state through their own pAppData or need none.
    layer = std::make_unique<Layer>(Layer{"posthorn-log-" + below_name, *below});
    layer->vfs.zName = layer->name.c_str();
    layer->vfs.pNext = nullptr;
    layer->vfs.pAppData = below;
    layer->vfs.szOsFile = static_cast<int>(sizeof(LogFile)) + below->szOsFile;
    layer->vfs.xOpen = open_file;
    POSTHORN_CHECK(sqlite3_vfs_register(&layer->vfs, 0) == SQLITE_OK);
  }
  return layer->name;
}

}  // namespace posthorn::store::sqlite
