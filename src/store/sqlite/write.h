// Write: one operation on its way through the writer and back to the session that asked for it.
//
// Lifecycle: made on the session's loop; applied on the writer's thread, possibly again after a rollback; completed (or only
//   destroyed, when the session was closed meanwhile) on the loop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_loop.h"
#include "store/sqlite/tables.h"
#include "store/store.h"

namespace posthorn::store::sqlite {

// What outlives a session while its operations are under way. `under_way` counts those that have not been posted back to the
// loop; the session's destructor waits until there is none, so the loop is alive whenever something is posted.
struct SessionState {
  explicit SessionState(EventLoop& session_loop) : loop(session_loop) {}

  void started(int count) { under_way.fetch_add(count, std::memory_order_relaxed); }
  void posted(int count) {
    if (under_way.fetch_sub(count, std::memory_order_acq_rel) == count) under_way.notify_all();
  }
  void wait_until_posted() {
    for (int left = under_way.load(std::memory_order_acquire); left != 0; left = under_way.load(std::memory_order_acquire)) {
      under_way.wait(left, std::memory_order_acquire);
    }
  }

  EventLoop& loop;
  bool open = true;  // loop thread only
  std::atomic<int> under_way{0};
};

// Publishers' writes and engines' have a bound each in the writer's queue: a flood of events must not keep the outcome of
// finished attempts from being recorded.
enum class WriteClass { publisher, engine };

class Write {
 public:
  Write(std::shared_ptr<SessionState> session, WriteClass write_class, std::size_t rows, std::size_t bytes)
      : session_(std::move(session)), write_class_(write_class), rows_(rows), bytes_(bytes) {}
  Write(const Write&) = delete;
  Write& operator=(const Write&) = delete;
  virtual ~Write() = default;

  // --- writer's thread ---
  // Applies at most about `rows_max` rows; false when a part is left for the next transaction.
  virtual bool apply(Tables& tables, std::size_t rows_max) = 0;
  virtual void keep() {}    // what was applied is on disk
  virtual void rewind() {}  // what was applied since keep() was rolled back
  virtual void fail(const Error& error) = 0;

  // --- loop's thread ---
  virtual void complete() = 0;

  const std::shared_ptr<SessionState>& session() const { return session_; }
  WriteClass write_class() const { return write_class_; }
  std::size_t rows() const { return rows_; }    // about how many are left to write
  std::size_t bytes() const { return bytes_; }  // about what it holds in memory

 protected:
  void set_rows(std::size_t rows) { rows_ = rows; }

 private:
  const std::shared_ptr<SessionState> session_;
  const WriteClass write_class_;
  std::size_t rows_;
  const std::size_t bytes_;
};

// An operation that is applied as a whole.
template <class Operation, class T>
class WholeWrite final : public Write {
 public:
  using Function = Result<T> (*)(Tables&, const Operation&);

  WholeWrite(std::shared_ptr<SessionState> session, WriteClass write_class, std::size_t rows, std::size_t bytes,
             Operation operation, Function function, Done<T> done)
      : Write(std::move(session), write_class, rows, bytes),
        operation_(std::move(operation)),
        function_(function),
        done_(std::move(done)) {}

  bool apply(Tables& tables, std::size_t) override {
    result_.emplace(function_(tables, operation_));
    return true;
  }
  void fail(const Error& error) override { result_.emplace(error); }
  void complete() override { done_(std::move(*result_)); }

 private:
  Operation operation_;
  const Function function_;
  Done<T> done_;
  std::optional<Result<T>> result_;
};

// A list of events may take several transactions: each event is all or nothing by itself.
class AcceptWrite final : public Write {
 public:
  using Accepted = std::vector<Result<AcceptedEvent>>;

  AcceptWrite(std::shared_ptr<SessionState> session, AcceptEvents operation, Done<Accepted> done);

  bool apply(Tables& tables, std::size_t rows_max) override;
  void keep() override;
  void rewind() override;
  void fail(const Error& error) override;
  void complete() override;

 private:
  AcceptEvents operation_;
  Done<Accepted> done_;
  Accepted results_;      // of the first events
  std::size_t kept_ = 0;  // how many of them are on disk
  std::optional<Error> failure_;
};

}  // namespace posthorn::store::sqlite
