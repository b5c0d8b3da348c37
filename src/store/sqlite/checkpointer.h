// Checkpointer: when and how the write-ahead log goes into the database file.
//
// Place: the writer calls it between transactions. SQLite's own automatic checkpoints are off, because they run inside a commit
//   of their choosing; a checkpoint by another thread while the writer writes never lets the log start over.
#pragma once

#include <cstdint>

#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class Checkpointer {
 public:
  // `log_bytes`: how long the log may become.
  Checkpointer(Connection& connection, std::int64_t page_bytes, std::int64_t log_bytes);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  bool due() const { return log_pages_ >= next_at_; }
  // What the log holds is to go from the disk (an erasure): the next run() empties the file, as soon as no reader needs it.
  void want_emptied() {
    empty_ = true;
    next_at_ = 0;
  }
  // Never waits for a reader: what one still needs stays in the log until the next time. Throws DatabaseError.
  void run();

  std::int64_t log_bytes() const { return log_pages_ * page_bytes_; }

 private:
  static int on_commit(void* self, sqlite3* database, const char* name, int pages);

  Connection& connection_;
  const std::int64_t page_bytes_;
  const std::int64_t pages_max_;
  std::int64_t log_pages_ = 0;
  std::int64_t next_at_;
  bool empty_ = false;
};

}  // namespace posthorn::store::sqlite
