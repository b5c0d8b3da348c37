// Migrations: the schema's versions, numbered from 1 (PRAGMA user_version); one file each, never changed once released.
#pragma once

#include "base/result.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

inline constexpr std::int64_t kSchemaVersion = 9;
inline constexpr std::int64_t kApplicationId = 0x50486f72;  // "PHor": says that the file is ours

extern const char* const kMigration0001;
extern const char* const kMigration0002;
extern const char* const kMigration0003;
extern const char* const kMigration0004;
extern const char* const kMigration0005;
extern const char* const kMigration0006;
extern const char* const kMigration0007;
extern const char* const kMigration0008;
extern const char* const kMigration0009;

// Brings the database to kSchemaVersion, one transaction a migration. Errors: conflict when the file is of a newer program or
// not ours. Throws DatabaseError.
Status migrate(Connection& connection);

// The same checks without a change.
Status check_schema(Connection& connection);

}  // namespace posthorn::store::sqlite
