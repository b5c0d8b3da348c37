#include "store/sqlite/database.h"

#include <mutex>

namespace posthorn::store::sqlite {

// Each connection has one owner, so no mutex is needed in one. SQLite counts its memory under a global mutex, which costs a
// tenth of a busy writer; nobody reads the count.
void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  });
}

FailureClass classify(int code) {
  if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) return FailureClass::durability;
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return FailureClass::durability;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_NOLFS:
      return FailureClass::environment;
    default:
      return FailureClass::statement;
  }
}

bool is_full(int code) { return (code & 0xff) == SQLITE_FULL; }

Connection::Connection(const std::string& path, Mode mode, const std::string& vfs) {
  prepare_library();
  const int access = mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database, access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      vfs.empty() ? nullptr : vfs.c_str());
  database_.reset(database);
  if (code != SQLITE_OK) throw DatabaseError(code, database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database));
  sqlite3_busy_timeout(database, 1000);
}

void Connection::fail() {
  const int code = sqlite3_extended_errcode(database_.get());
  throw DatabaseError(code, std::string(sqlite3_errmsg(database_.get())) + " (" + std::to_string(code) + ")");
}

void Connection::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

std::int64_t Connection::query_integer(const std::string& sql) {
  Statement statement(*this, sql.c_str());
  Cursor cursor = statement.open();
  return cursor.next() ? cursor.integer(0) : 0;
}

std::string Connection::query_text(const std::string& sql) {
  Statement statement(*this, sql.c_str());
  Cursor cursor = statement.open();
  return cursor.next() ? std::string(cursor.text(0)) : std::string();
}

void Connection::roll_back() noexcept {
  if (in_transaction()) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::string_view Cursor::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Blob Cursor::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::prepare() {
  check(sqlite3_prepare_v3(connection_.handle(), sql_, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

}  // namespace posthorn::store::sqlite
