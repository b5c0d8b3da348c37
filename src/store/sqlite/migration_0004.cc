// Migration 4: who may call (accounts, grants, trusted issuers, signing keys), and the log of changes.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0004 = R"sql(
-- kind: 0 client, 1 key (domain/access/account.h); tenant 0: the server
CREATE TABLE accounts(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK(kind IN (0, 1)),
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  roles INTEGER NOT NULL CHECK(roles >= 0),
  secret_hash BLOB NOT NULL CHECK(length(secret_hash) = 32),
  previous_hash BLOB CHECK(previous_hash IS NULL OR length(previous_hash) = 32),
  previous_until INTEGER NOT NULL,
  expires INTEGER,              -- NULL: never
  last_used INTEGER,            -- NULL: not yet
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_by_tenant ON accounts(tenant);

CREATE TABLE grants(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  principal TEXT NOT NULL,
  tenant INTEGER NOT NULL,
  subscription INTEGER NOT NULL,
  subscription_salt INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX grants_by_principal ON grants(principal, subscription);
CREATE INDEX grants_by_subscription ON grants(subscription);
CREATE INDEX grants_by_tenant ON grants(tenant);

CREATE TABLE issuers(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  settings TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX issuers_by_tenant ON issuers(tenant);

CREATE TABLE signing_keys(
  id TEXT NOT NULL PRIMARY KEY,
  sealed BLOB NOT NULL,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Appended to, never changed. The time is in the key.
CREATE TABLE audit(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  principal TEXT NOT NULL,
  principal_name TEXT NOT NULL,
  principal_kind TEXT NOT NULL,
  surface TEXT NOT NULL,
  action TEXT NOT NULL,
  request_id TEXT NOT NULL,
  object_kind TEXT NOT NULL,
  object TEXT NOT NULL,
  before TEXT NOT NULL,
  after TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_tenant ON audit(tenant);
)sql";

}  // namespace posthorn::store::sqlite
