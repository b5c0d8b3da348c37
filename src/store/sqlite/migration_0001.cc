// Migration 1: the sending side.
//
// Keys (base/ids.h) grow with time, so every table is appended to. Indexes are only those that a query needs, because each
// costs on every insert; what is rare (external ids, failures, what is pending) is indexed partially.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0001 = R"sql(
CREATE TABLE tenants(
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  webhooks_enabled INTEGER NOT NULL CHECK(webhooks_enabled IN (0, 1)),
  settings TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  -- 0 lives, 1 deleted with rows that remain, 2 deleted and swept: only the name's tombstone stands
  deleted INTEGER NOT NULL DEFAULT 0 CHECK(deleted IN (0, 1, 2))
) STRICT;
CREATE UNIQUE INDEX tenants_by_name ON tenants(name) WHERE deleted = 0;
CREATE INDEX tenants_deleted ON tenants(key) WHERE deleted = 1;

CREATE TABLE topics(
  key INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  schema TEXT NOT NULL,
  example TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX topics_by_name ON topics(tenant, name);

CREATE TABLE scopes(
  key INTEGER PRIMARY KEY,
  tenant INTEGER NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX scopes_by_name ON scopes(tenant, name);

CREATE TABLE subscriptions(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  settings TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  disabled_reason TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK(revision >= 1),
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0 CHECK(deleted IN (0, 1))
) STRICT;
CREATE INDEX subscriptions_by_tenant ON subscriptions(tenant);
CREATE INDEX subscriptions_deleted ON subscriptions(key) WHERE deleted = 1;

CREATE TABLE credentials(
  name TEXT NOT NULL PRIMARY KEY,
  key_hash BLOB NOT NULL CHECK(length(key_hash) = 32),
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shards(
  shard INTEGER PRIMARY KEY CHECK(shard >= 0),
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL CHECK(epoch >= 1),
  expires INTEGER NOT NULL
) STRICT;

CREATE TABLE events(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  topic TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  time INTEGER,                 -- NULL: the same as accepted
  external_id TEXT,             -- NULL: none
  user TEXT,
  scope TEXT,
  traceparent TEXT NOT NULL,
  matched INTEGER NOT NULL CHECK(matched >= 0),
  fingerprint BLOB,             -- with external_id only
  payload BLOB                  -- NULL: expunged
) STRICT;
CREATE INDEX events_by_tenant ON events(tenant);
CREATE UNIQUE INDEX events_by_external_id ON events(tenant, external_id) WHERE external_id IS NOT NULL;

-- state: 0 pending, 1 succeeded, 2 exhausted, 3 cancelled (domain/outbound/delivery.h)
CREATE TABLE deliveries(
  key INTEGER PRIMARY KEY,
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  event INTEGER NOT NULL,
  subscription INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK(state IN (0, 1, 2, 3)),
  attempts INTEGER NOT NULL CHECK(attempts >= 0),
  schedule_start INTEGER NOT NULL CHECK(schedule_start >= 0 AND schedule_start <= attempts),
  due INTEGER NOT NULL,
  updated INTEGER               -- NULL: never changed since it was made (at its key's time)
) STRICT;
CREATE INDEX deliveries_by_tenant ON deliveries(tenant);
CREATE INDEX deliveries_by_event ON deliveries(event);
CREATE INDEX deliveries_by_subscription ON deliveries(subscription);
CREATE INDEX deliveries_pending ON deliveries(state, subscription, due) WHERE state = 0;
CREATE INDEX deliveries_failed ON deliveries(tenant, state) WHERE state >= 2;

CREATE TABLE attempts(
  delivery INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK(number >= 1),
  started INTEGER NOT NULL,
  duration INTEGER NOT NULL,    -- microseconds
  failure INTEGER NOT NULL CHECK(failure BETWEEN 0 AND 255),
  status INTEGER NOT NULL,
  detail TEXT,
  response BLOB,
  PRIMARY KEY(delivery, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency(
  event INTEGER PRIMARY KEY,    -- grows with time, which retention uses
  salt INTEGER NOT NULL,
  tenant INTEGER NOT NULL,
  key TEXT NOT NULL,
  external_id TEXT NOT NULL,
  matched INTEGER NOT NULL,
  fingerprint BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX idempotency_by_key ON idempotency(tenant, key);

-- An event whose deliveries are not all made yet; `after` is the last subscription that has its delivery.
CREATE TABLE fanouts(
  event INTEGER PRIMARY KEY,
  after INTEGER NOT NULL
) STRICT;

-- Retention. `cursor`: everything up to this key has been looked at; what had to stay then is in expiry_held and is looked at
-- again in turns.
CREATE TABLE expiry(
  kind INTEGER PRIMARY KEY,
  cursor INTEGER NOT NULL DEFAULT 0,
  held_cursor INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE expiry_held(
  kind INTEGER NOT NULL,
  key INTEGER NOT NULL,
  PRIMARY KEY(kind, key)
) STRICT, WITHOUT ROWID;

-- One row that a degraded store writes to see whether the disk takes writes again.
CREATE TABLE probe(id INTEGER PRIMARY KEY CHECK(id = 1), written INTEGER NOT NULL) STRICT;
INSERT INTO probe VALUES(1, 0);
)sql";

}  // namespace posthorn::store::sqlite
