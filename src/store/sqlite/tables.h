// Tables: everything that may be written, over the writer's one connection.
#pragma once

#include "store/sqlite/access_writes.h"
#include "store/sqlite/automation_rows.h"
#include "store/sqlite/catalogue_writes.h"
#include "store/sqlite/delivery_writes.h"
#include "store/sqlite/event_writes.h"
#include "store/sqlite/expiry.h"
#include "store/sqlite/known.h"
#include "store/sqlite/shard_writes.h"

namespace posthorn::store::sqlite {

struct Tables {
  explicit Tables(Connection& connection)
      : known(connection),
        access(connection, known),
        catalogue(connection, known, access),
        automations(connection, known),
        events(connection, known),
        deliveries(connection, known, catalogue, events),
        shards(connection, known),
        expiry(connection, known) {}

  Known known;
  AccessWrites access;
  CatalogueWrites catalogue;
  AutomationWrites automations;
  EventWrites events;
  DeliveryWrites deliveries;
  ShardWrites shards;
  Expiry expiry;
};

}  // namespace posthorn::store::sqlite
