// Migration: statistics, and retention by tenant.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0008 = R"sql(
-- counters: domain/outbound/statistics.h
CREATE TABLE statistics(
  tenant INTEGER NOT NULL,
  subscription INTEGER NOT NULL,  -- 0: all
  topic TEXT NOT NULL,            -- '': all
  hour INTEGER NOT NULL,          -- since 1970
  counters BLOB NOT NULL,
  PRIMARY KEY(tenant, subscription, topic, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX statistics_by_hour ON statistics(hour);
-- What each transaction counted, until it is added to the rows above (statistics_log.h).
CREATE TABLE statistics_log(
  seq INTEGER PRIMARY KEY,
  counted BLOB NOT NULL
) STRICT;

-- Retention of tenants with periods of their own: everything of the tenant up to `cursor` has been looked at; what had to stay
-- then is in expiry_tenant_held.
CREATE TABLE expiry_tenants(
  tenant INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  held_cursor INTEGER NOT NULL,
  PRIMARY KEY(tenant, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE expiry_tenant_held(
  tenant INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  key INTEGER NOT NULL,
  PRIMARY KEY(tenant, kind, key)
) STRICT, WITHOUT ROWID;
)sql";

}  // namespace posthorn::store::sqlite
