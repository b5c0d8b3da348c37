#include "store/sqlite/checkpointer.h"

#include <algorithm>

namespace posthorn::store::sqlite {

Checkpointer::Checkpointer(Connection& connection, std::int64_t page_bytes, std::int64_t log_bytes)
    : connection_(connection),
      page_bytes_(page_bytes),
      pages_max_(std::max<std::int64_t>(log_bytes / page_bytes, 16)),
      next_at_(pages_max_) {
  sqlite3_wal_hook(connection_.handle(), &Checkpointer::on_commit, this);
}

int Checkpointer::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<Checkpointer*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

void Checkpointer::run() {
  int log = 0;
  int moved = 0;
  const int mode = empty_ ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, &log, &moved);
  if (code != SQLITE_OK && code != SQLITE_BUSY) connection_.fail();
  // All moved: the next commit starts the log over. Else a reader holds on; try again after an eighth more.
  const bool all = code == SQLITE_OK && log == moved;
  next_at_ = all ? pages_max_ : log_pages_ + pages_max_ / 8;
  if (all) {
    log_pages_ = 0;
    empty_ = false;
  }
}

}  // namespace posthorn::store::sqlite
