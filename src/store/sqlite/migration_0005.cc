// Migration 5: order, and how endpoints do.
//
// A delivery with an order_key is attempted only when every earlier one (by event) of its subscription with the same order_key
// is over. Such deliveries are found by deliveries_ordered, all others by deliveries_pending, so each stands in one index and a
// lane without order costs what it did.
//
// endpoint_health has a row for a subscription while its endpoint fails, none while all is well.
#include "store/sqlite/migrations.h"

namespace posthorn::store::sqlite {

const char* const kMigration0005 = R"sql(
ALTER TABLE deliveries ADD COLUMN order_key INTEGER;
DROP INDEX deliveries_pending;
CREATE INDEX deliveries_pending ON deliveries(state, subscription, due) WHERE state = 0 AND order_key IS NULL;
CREATE INDEX deliveries_ordered ON deliveries(subscription, order_key, event) WHERE state = 0 AND order_key IS NOT NULL;

CREATE TABLE endpoint_health(
  subscription INTEGER PRIMARY KEY,
  failing_since INTEGER NOT NULL,
  told INTEGER NOT NULL CHECK(told IN (0, 1))  -- whether its tenant was told
) STRICT;
)sql";

}  // namespace posthorn::store::sqlite
