// Migration: background jobs, and reading instead of being sent to.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0007 = R"sql(
-- kind, state: domain/outbound/job.h. What ended stays for a while, for people.
CREATE TABLE jobs(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,      -- 0: the job outlives its tenant
  erased INTEGER NOT NULL,      -- the tenant that an erasure is about
  kind INTEGER NOT NULL CHECK(kind BETWEEN 0 AND 3),
  state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 4),
  subscription INTEGER NOT NULL,
  subscription_salt INTEGER NOT NULL,
  wanted_state INTEGER,
  topics TEXT NOT NULL,         -- a line each
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  end INTEGER NOT NULL,
  examined INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  total INTEGER,
  error TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_by_tenant ON jobs(tenant);
CREATE INDEX jobs_unfinished ON jobs(state, tenant) WHERE state <= 1;

-- What a recovery looks for. Rare rows only, so it costs nothing while deliveries succeed.
CREATE INDEX deliveries_exhausted ON deliveries(subscription) WHERE state = 2;

-- The place in the order of reading that was given last (poll_order.h).
CREATE TABLE poll_order(id INTEGER PRIMARY KEY CHECK(id = 1), last INTEGER NOT NULL) STRICT;
INSERT INTO poll_order VALUES(1, 0);
)sql";

}  // namespace posthorn::store::sqlite
