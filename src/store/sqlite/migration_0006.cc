// Schema version 4: automations.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0006 = R"sql(
CREATE TABLE automations(
  key INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  settings TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX automations_by_name ON automations(tenant, name);
)sql";

}  // namespace posthorn::store::sqlite
