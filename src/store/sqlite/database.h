// Connection, Statement, Cursor: SQLite's C interface with owners and typed columns.
//
// Place: used by everything in store/sqlite; sqlite3.h is included nowhere else but here and in tests.
// Errors: every failure of SQLite is a DatabaseError. It never leaves the folder: the writer's transaction, the reader's job
//   and the open functions catch it, because after it the whole transaction is void, whichever statement met it.
// Concurrency: a Connection belongs to one thread at a time (opened without SQLite's own mutexes).
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"

namespace posthorn::store::sqlite {

class DatabaseError final : public std::exception {
 public:
  DatabaseError(int code, std::string message) : code_(code), message_(std::move(message)) {}

  int code() const { return code_; }  // SQLite's extended result code
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int code_;
  std::string message_;
};

// What a failure means for the store (sqlite.org/rescode.html).
enum class FailureClass {
  environment,  // disk full, read-only, I/O, memory: what failed may work later
  durability,   // a sync failed or the file is damaged: nothing may be written until restart
  statement,    // the fault of one operation (a broken constraint, too large): the others are not to blame
};
FailureClass classify(int code);
bool is_full(int code);

// Settings of the library, which it takes only before its first use: called before anything else of SQLite's. Thread-safe.
void prepare_library();

class Connection {
 public:
  enum class Mode { read_write, read_only };

  // `path` ":memory:" gives a database of its own. `vfs` empty: SQLite's default.
  Connection(const std::string& path, Mode mode, const std::string& vfs);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  void execute(const std::string& sql);
  std::int64_t query_integer(const std::string& sql);
  std::string query_text(const std::string& sql);

  std::int64_t changes() const { return sqlite3_changes64(database_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }
  // Ends a transaction that may have ended by itself because of an error.
  void roll_back() noexcept;

  sqlite3* handle() { return database_.get(); }
  [[noreturn]] void fail();

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

using Blob = std::span<const std::uint8_t>;

// One run of a statement: next() until it is false, or destroy it before. The values that were bound must outlive it.
class Cursor {
 public:
  Cursor(Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() { sqlite3_reset(statement_); }

  bool next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    connection_.fail();
  }

  bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::uint64_t salt(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::uint32_t count(int column) const { return static_cast<std::uint32_t>(integer(column)); }
  Timestamp time(int column) const { return Timestamp(Milliseconds(integer(column))); }
  // Valid until the next step.
  std::string_view text(int column) const;
  Blob blob(int column) const;
  std::string_view bytes(int column) const {  // of a blob too
    const Blob whole = blob(column);
    return {reinterpret_cast<const char*>(whole.data()), whole.size()};
  }
  template <class Key>
  Key key(int column) const {
    return Key{integer(column)};
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

// A value that is bound as NULL unless it is `given`.
template <class T>
struct OrNull {
  T value;
  bool given;
};
inline OrNull<std::string_view> unless_empty(std::string_view text) { return {text, !text.empty()}; }
inline OrNull<Blob> unless_empty(Blob bytes) { return {bytes, !bytes.empty()}; }

// A statement that is compiled when it is first used and kept.
class Statement {
 public:
  Statement(Connection& connection, const char* sql) : connection_(connection), sql_(sql) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  // Binds the values to ?1, ?2, … in order. One Cursor of a statement at a time.
  template <class... Values>
  Cursor open(const Values&... values) {
    if (statement_ == nullptr) prepare();
    int place = 0;
    (bind(++place, values), ...);
    return Cursor(connection_, statement_);
  }
  // For statements that answer no rows: the number of rows that changed.
  template <class... Values>
  std::int64_t run(const Values&... values) {
    Cursor cursor = open(values...);
    while (cursor.next()) {
    }
    return connection_.changes();
  }

 private:
  void prepare();
  void check(int code) {
    if (code != SQLITE_OK) connection_.fail();
  }
  void bind(int place, std::int64_t value) { check(sqlite3_bind_int64(statement_, place, value)); }
  void bind(int place, std::uint64_t value) { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, std::uint32_t value) { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, int value) { bind(place, static_cast<std::int64_t>(value)); }
  void bind(int place, Timestamp value) { bind(place, value.time_since_epoch().count()); }
  void bind(int place, std::string_view value) {
    check(sqlite3_bind_text64(statement_, place, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC,
                              SQLITE_UTF8));
  }
  void bind(int place, Blob value) {
    check(value.empty() ? sqlite3_bind_zeroblob(statement_, place, 0)
                        : sqlite3_bind_blob64(statement_, place, value.data(), value.size(), SQLITE_STATIC));
  }
  void bind(int place, std::nullptr_t) { check(sqlite3_bind_null(statement_, place)); }
  template <class T>
  void bind(int place, const std::optional<T>& value) {
    value ? bind(place, *value) : bind(place, nullptr);
  }
  template <class T>
  void bind(int place, const OrNull<T>& value) {
    value.given ? bind(place, value.value) : bind(place, nullptr);
  }
  template <class Tag>
  void bind(int place, NamedKey<Tag> key) {
    bind(place, key.value);
  }

  Connection& connection_;
  const char* sql_;
  sqlite3_stmt* statement_ = nullptr;
};

inline Blob as_blob(std::string_view bytes) { return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}; }

}  // namespace posthorn::store::sqlite
