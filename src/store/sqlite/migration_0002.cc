// Schema version 2: subscriptions have a number and may have an identifier of their owner's.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0002 = R"sql(
ALTER TABLE tenants ADD COLUMN last_number INTEGER NOT NULL DEFAULT 0 CHECK(last_number >= 0);
ALTER TABLE subscriptions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN uid TEXT;  -- NULL: none
UPDATE subscriptions SET number = counted.number
  FROM (SELECT key, row_number() OVER (PARTITION BY tenant ORDER BY key) AS number FROM subscriptions) AS counted
  WHERE subscriptions.key = counted.key;
UPDATE tenants SET last_number = (SELECT count(*) FROM subscriptions WHERE tenant = tenants.key);
CREATE UNIQUE INDEX subscriptions_by_uid ON subscriptions(tenant, uid) WHERE uid IS NOT NULL AND deleted = 0;
)sql";

}  // namespace posthorn::store::sqlite
