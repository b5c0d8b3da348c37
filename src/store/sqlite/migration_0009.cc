// Migration: who is still to get an event whose fan-out is unfinished, and keys that repeat an id.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0009 = R"sql(
-- Decided when the event was accepted; events that share it stand behind one row. The key is that of the first.
CREATE TABLE fanout_rests(
  key INTEGER PRIMARY KEY CHECK(key > 0),
  subscriptions BLOB NOT NULL CHECK(length(subscriptions) > 0)  -- key_list.h
) STRICT;
ALTER TABLE fanouts ADD COLUMN rest INTEGER CHECK(rest IS NULL OR rest > 0);  -- NULL: from before this was kept
CREATE INDEX fanouts_by_rest ON fanouts(rest) WHERE rest IS NOT NULL;
-- Fan-outs end in several ways.
CREATE TRIGGER fanout_rests_unused AFTER DELETE ON fanouts WHEN OLD.rest IS NOT NULL
BEGIN
  DELETE FROM fanout_rests WHERE key = OLD.rest AND NOT EXISTS (SELECT 1 FROM fanouts WHERE rest = OLD.rest);
END;

-- NULL: `event`. Otherwise the event that is answered: the key came with an id that was known, and `event` only says when.
ALTER TABLE idempotency ADD COLUMN first INTEGER CHECK(first IS NULL OR first > 0);
)sql";

}  // namespace posthorn::store::sqlite
