// Writer: the one thread that writes. It takes all writes that wait as one transaction, and completes them after the commit.
//
// Place: sessions submit(); Tables carry the writes out.
// Concurrency: submit(), admit(), health(), measures() from any thread; the rest belongs to the writer's thread. Without a
//   thread of its own (SqliteOptions::Threads::caller) submit() writes at once.
// Failures: a failed transaction is rolled back and all its writes are `unavailable`; the store is degraded until a write (its
//   own probe or anybody's) succeeds. A failed sync is for ever: what the disk holds is not known, and a second sync may
//   succeed without having written (fsyncgate), so nothing is written until a restart reads what is really there.
// Limits: kWriterQueueOpsMax and kWriterQueueBytesMax for each WriteClass, kTransactionRowsMax.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "store/sqlite/checkpointer.h"
#include "store/sqlite/options.h"
#include "store/sqlite/tables.h"
#include "store/sqlite/write.h"

namespace posthorn::store::sqlite {

class Writer {
 public:
  // `connection_mutex` is held during each transaction: in-memory stores read through the same connection.
  Writer(Connection& connection, std::mutex& connection_mutex, const SqliteOptions& options, const Clock& clock);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { stop(); }

  void start();
  // Writes what waits, then ends. Later writes are `unavailable`.
  void stop();

  // Takes a place in the queue for a write; nothing when it is full. Every admitted write must be submitted.
  bool admit(WriteClass write_class, std::size_t bytes);
  void submit(std::vector<std::unique_ptr<Write>> writes);

  Health health() const;
  Measures measures() const;

  // After stop(): lets the connection be closed.
  void release_connection() { work_.reset(); }

  // After a failed sync: nothing more may reach the disk, not even a last checkpoint.
  bool failed() const;

 private:
  using Writes = std::vector<std::unique_ptr<Write>>;
  struct Queued {
    std::atomic<std::size_t> operations{0};
    std::atomic<std::size_t> bytes{0};
  };
  // What writes: belongs to the writer's thread.
  struct Work {
    Work(Connection& connection, const SqliteOptions& options)
        : begin(connection, "BEGIN IMMEDIATE"),
          commit(connection, "COMMIT"),
          savepoint(connection, "SAVEPOINT alone"),
          undo(connection, "ROLLBACK TO alone"),
          release(connection, "RELEASE alone"),
          probe(connection, "UPDATE probe SET written = written + 1 WHERE id = 1"),
          tables(connection),
          checkpointer(connection, options.page_bytes, options.checkpoint_bytes) {}

    Statement begin;
    Statement commit;
    Statement savepoint;
    Statement undo;
    Statement release;
    Statement probe;
    Tables tables;
    Checkpointer checkpointer;
  };
  struct Troubles {  // empty texts: none
    std::string final_failure;
    std::string write;
    std::string checkpoint;
  };

  void run();
  void take_incoming();
  Writes take_batch();
  void write_batch(Writes batch);
  // Each answers whether the last write is finished; throws DatabaseError with the transaction open or ended.
  bool apply_together(Writes& batch);
  bool apply_apart(Writes& batch);
  bool apply_alone(Write& write);
  void roll_back(Writes& batch);
  void commit(std::size_t operations);
  void refuse(Writes batch);
  void hand_back(Writes batch);
  void probe();
  void checkpoint();
  void note_write_failure(const DatabaseError& failure);
  Error unavailable_error() const;
  bool troubled() const;
  Queued& queued(WriteClass write_class) { return queued_[static_cast<std::size_t>(write_class)]; }

  Connection& connection_;
  std::mutex& connection_mutex_;
  const SqliteOptions& options_;
  const Clock& clock_;
  std::unique_ptr<Work> work_;                  // null once closed
  std::deque<std::unique_ptr<Write>> waiting_;  // taken over from incoming_; some may be partly applied

  std::array<Queued, 2> queued_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Writes incoming_;
  bool stopping_ = false;

  mutable std::mutex condition_mutex_;
  Troubles troubles_;
  Measures measures_;

  std::thread thread_;
};

}  // namespace posthorn::store::sqlite
