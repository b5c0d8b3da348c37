// SecureDelete: while it stands, SQLite overwrites with zeros what it deletes. (The rest of the time it does not: that would
// cost every write.) What was moved between pages before may still stand in the slack of others; compacting the file removes
// that.
#pragma once

#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class SecureDelete {
 public:
  explicit SecureDelete(Connection& connection) : connection_(connection) { connection_.execute("PRAGMA secure_delete = ON"); }
  SecureDelete(const SecureDelete&) = delete;
  SecureDelete& operator=(const SecureDelete&) = delete;
  ~SecureDelete() { sqlite3_exec(connection_.handle(), "PRAGMA secure_delete = OFF", nullptr, nullptr, nullptr); }

 private:
  Connection& connection_;
};

}  // namespace posthorn::store::sqlite
