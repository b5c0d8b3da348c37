// Tables: everything that may be written, over the writer's one connection.
#pragma once

#include "store/sqlite/access_writes.h"
#include "store/sqlite/automation_rows.h"
#include "store/sqlite/catalogue_writes.h"
#include "store/sqlite/delivery_writes.h"
#include "store/sqlite/event_writes.h"
#include "store/sqlite/expiry.h"
#include "store/sqlite/job_writes.h"
#include "store/sqlite/known.h"
#include "store/sqlite/poll_order.h"
#include "store/sqlite/poll_writes.h"
#include "store/sqlite/shard_writes.h"
#include "store/sqlite/statistics_log.h"
#include "store/sqlite/tenant_erasure.h"
#include "store/sqlite/tenant_expiry.h"

namespace posthorn::store::sqlite {

struct Tables {
  explicit Tables(Connection& connection)
      : known(connection),
        statistics(connection, known),
        poll_order(connection),
        access(connection, known),
        catalogue(connection, known, access),
        automations(connection, known, access),
        events(connection, known, poll_order, statistics),
        deliveries(connection, known, catalogue, events, poll_order, statistics),
        jobs(connection, known, poll_order),
        polling(connection, statistics),
        shards(connection, known),
        expiry(connection, known),
        tenant_expiry(connection, expiry),
        erasure(connection, known, catalogue, jobs, expiry, statistics) {}

  // After a rollback.
  void forget() {
    known.forget();
    statistics.forget();
  }

  Known known;
  StatisticsLog statistics;
  PollOrder poll_order;
  AccessWrites access;
  CatalogueWrites catalogue;
  AutomationWrites automations;
  EventWrites events;
  DeliveryWrites deliveries;
  JobWrites jobs;
  PollWrites polling;
  ShardWrites shards;
  Expiry expiry;
  TenantExpiry tenant_expiry;
  TenantErasure erasure;
};

}  // namespace posthorn::store::sqlite
