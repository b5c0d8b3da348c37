// ReaderPool: a few threads that answer queries beside the writer, each over a read-only connection that it opens when it is
// first needed. A job is one read transaction, which ends with it: a reader that held one longer would keep the log from
// starting over.
//
// Concurrency: submit() from any thread. Jobs never wait for anything but the disk.
// Limits: kReadQueueMax jobs wait; more are refused.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/unique_function.h"
#include "store/sqlite/database.h"
#include "store/sqlite/reads.h"

namespace posthorn::store::sqlite {

// One reader's connection with its statements.
struct Reader {
  explicit Reader(std::unique_ptr<Connection> opened) : own(std::move(opened)), connection(*own), reads(connection) {}
  explicit Reader(Connection& shared) : connection(shared), reads(connection) {}

  std::unique_ptr<Connection> own;  // null when the connection is the writer's
  Connection& connection;
  Reads reads;
};

class ReaderPool {
 public:
  // A job gets no reader when none could be opened.
  using Job = UniqueFunction<void(Reader*)>;
  using Open = std::function<std::unique_ptr<Reader>()>;  // throws DatabaseError

  // `shared_connection_mutex`: held during each job when all share the writer's connection; null otherwise.
  ReaderPool(Open open, std::mutex* shared_connection_mutex);
  ReaderPool(const ReaderPool&) = delete;
  ReaderPool& operator=(const ReaderPool&) = delete;
  ~ReaderPool() { stop(); }

  // With 0 threads submit() runs the job at once.
  void start(std::uint32_t threads);
  // Runs the jobs that wait, then ends.
  void stop();

  // False (and the job untouched) when too many wait or the pool has stopped.
  bool submit(Job& job);

 private:
  void run();
  void run_job(Job& job, std::unique_ptr<Reader>& reader);

  const Open open_;
  std::mutex* const shared_connection_mutex_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::unique_ptr<Reader> own_reader_;  // without threads
};

}  // namespace posthorn::store::sqlite
