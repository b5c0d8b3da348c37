// Migration 3: fewer indexes on what is written most.
//
// An index on every delivery costs each of them an insert and a page of each small commit. Keys grow with time, so a coarse
// note of *when* an owner had rows takes its place: `places` says that a tenant or a subscription has events or deliveries
// whose keys lie in a bucket (places.h), and a reader walks the bucket. The deliveries of an event have keys between the
// event's and `last_delivery`.
#include "store/sqlite/migrations.h"
#include "store/sqlite/places.h"

namespace posthorn::store::sqlite {

const char* const kMigration0003 = R"sql(
CREATE TABLE places(
  owner INTEGER NOT NULL,       -- a tenant's or a subscription's key
  bucket INTEGER NOT NULL,
  PRIMARY KEY(owner, bucket)
) STRICT, WITHOUT ROWID;
INSERT INTO places
  SELECT tenant, key >> )sql" POSTHORN_PLACE_BITS R"sql( FROM events
  UNION SELECT tenant, key >> )sql" POSTHORN_PLACE_BITS R"sql( FROM deliveries
  UNION SELECT subscription, key >> )sql" POSTHORN_PLACE_BITS R"sql( FROM deliveries;

-- The largest key of the event's deliveries; NULL: it has none. While its fan-out runs, the fan-out's row has it.
ALTER TABLE events ADD COLUMN last_delivery INTEGER;
UPDATE events SET last_delivery = (SELECT max(key) FROM deliveries WHERE event = events.key);
ALTER TABLE fanouts ADD COLUMN last_delivery INTEGER;
UPDATE fanouts SET last_delivery = (SELECT last_delivery FROM events WHERE key = fanouts.event);

DROP INDEX events_by_tenant;

-- The same rows under other constraints: SQLite carries out `state IN (0, 1, 2, 3)` by building a table in memory for each row
-- that is written.
ALTER TABLE deliveries RENAME TO deliveries_before;
CREATE TABLE deliveries(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  event INTEGER NOT NULL,
  subscription INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 3),
  attempts INTEGER NOT NULL CHECK(attempts >= 0),
  schedule_start INTEGER NOT NULL CHECK(schedule_start >= 0 AND schedule_start <= attempts),
  due INTEGER NOT NULL,
  updated INTEGER               -- NULL: never changed since it was made (at its key's time)
) STRICT;
INSERT INTO deliveries SELECT * FROM deliveries_before ORDER BY key;
DROP TABLE deliveries_before;
CREATE INDEX deliveries_pending ON deliveries(state, subscription, due) WHERE state = 0;
CREATE INDEX deliveries_failed ON deliveries(tenant, state) WHERE state >= 2;
)sql";

}  // namespace posthorn::store::sqlite
