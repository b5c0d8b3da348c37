#include "store/sqlite/migrations.h"

#include <array>
#include <string>

namespace posthorn::store::sqlite {

namespace {

const char* migration(std::int64_t version) {
  const std::array<const char*, kSchemaVersion> all{kMigration0001, kMigration0002, kMigration0003,
                                                    kMigration0004, kMigration0005, kMigration0006,
                                                    kMigration0007, kMigration0008, kMigration0009};
  return all[static_cast<std::size_t>(version - 1)];
}

}  // namespace

Status check_schema(Connection& connection) {
  const std::int64_t application = connection.query_integer("PRAGMA application_id");
  const std::int64_t version = connection.query_integer("PRAGMA user_version");
  const bool empty = connection.query_integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (!empty && application != kApplicationId) {
    return conflict({}, "the database file was not made by Posthorn", "not_our_database");
  }
  if (version > kSchemaVersion) {
    return conflict({},
                    "the data folder was written by a newer Posthorn: its schema has version " + std::to_string(version) +
                        ", this program knows versions up to " + std::to_string(kSchemaVersion) +
                        ". Start the newer program, or restore a backup that this one made",
                    "schema_too_new");
  }
  return {};
}

Status migrate(Connection& connection) {
  if (auto checked = check_schema(connection); !checked) return checked;
  std::int64_t version = connection.query_integer("PRAGMA user_version");
  while (version < kSchemaVersion) {
    ++version;
    connection.execute("BEGIN IMMEDIATE");
    connection.execute(migration(version));
    connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    connection.execute("PRAGMA user_version = " + std::to_string(version));
    connection.execute("COMMIT");
  }
  return {};
}

}  // namespace posthorn::store::sqlite
