// What happens to deliveries: attempts, resends, cancellations. Each runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/catalogue_writes.h"
#include "store/sqlite/event_writes.h"
#include "store/sqlite/known.h"
#include "store/sqlite/poll_order.h"
#include "store/sqlite/rows.h"

namespace posthorn::store::sqlite {

class DeliveryWrites {
 public:
  DeliveryWrites(Connection& connection, Known& known, CatalogueWrites& catalogue, EventWrites& events, PollOrder& poll_order,
                 StatisticsLog& statistics)
      : connection_(connection),
        known_(known),
        catalogue_(catalogue),
        events_(events),
        poll_order_(poll_order),
        statistics_(statistics) {}

  Result<RecordedAttempt> record(const RecordAttempt& write);
  Result<domain::PendingDelivery> resend(const ResendDelivery& write);
  Result<void> cancel(const CancelDelivery& write);
  // Any pending delivery of the subscription; answers how many.
  Result<std::uint64_t> cancel_of(const CancelDeliveriesOf& write);

 private:
  // Whether the delivery was pending and this attempt was new to it.
  bool change_pending(const RecordAttempt& write);
  void insert_attempt(const RecordAttempt& write);
  Result<RecordedAttempt> record_late(const RecordAttempt& write);
  void note_health(const RecordAttempt& write);
  void count(const RecordAttempt& write, domain::DeliveryState became);

  Connection& connection_;
  Known& known_;
  CatalogueWrites& catalogue_;
  EventWrites& events_;
  PollOrder& poll_order_;
  StatisticsLog& statistics_;

  // The usual case in one step: pending, and the attempt is new.
  Statement finish_pending_{connection_,
                            "UPDATE deliveries SET state = ?3, attempts = ?2, updated = ?4 "
                            "WHERE key = ?1 AND state = 0 AND attempts < ?2"};
  Statement postpone_pending_{connection_,
                              "UPDATE deliveries SET attempts = ?2, due = ?3, updated = ?4, "
                              "schedule_start = iif(?5, ?2, schedule_start) "
                              "WHERE key = ?1 AND state = 0 AND attempts < ?2"};
  Statement insert_attempt_{connection_,
                            "INSERT INTO attempts(delivery, number, started, duration, failure, status, detail, response) "
                            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
  Statement find_attempt_{connection_, "SELECT 1 FROM attempts WHERE delivery = ?1 AND number = ?2"};
  Statement find_state_{connection_, "SELECT state, attempts FROM deliveries WHERE key = ?1"};
  Statement count_attempt_{connection_, "UPDATE deliveries SET attempts = max(attempts, ?2), updated = ?3 WHERE key = ?1"};
  Statement find_delivery_{
      connection_,
      "SELECT d.state, d.attempts, d.subscription, d.event, e.payload IS NULL, d.due "
      "FROM deliveries d JOIN events e ON e.key = d.event WHERE d.key = ?1 AND d.salt = ?2 AND d.tenant = ?3"};
  Statement find_event_{connection_, "SELECT " POSTHORN_EVENT_COLUMNS " FROM events e WHERE e.key = ?1"};
  Statement restart_{connection_,
                     "UPDATE deliveries SET state = 0, schedule_start = attempts, due = ?2, updated = ?3, order_key = NULL "
                     "WHERE key = ?1"};
  // Its attempts may have been expired already; the new ones are to be found (expiry.h, Kind::attempts).
  Statement watch_attempts_{connection_, "INSERT OR IGNORE INTO expiry_held(kind, key) VALUES(2, ?1)"};
  Statement cancel_{connection_, "UPDATE deliveries SET state = 3, updated = ?2 WHERE key = ?1"};
  Statement cancel_some_{connection_,
                         "UPDATE deliveries SET state = 3, updated = ?2 WHERE key IN (SELECT key FROM deliveries "
                         "INDEXED BY deliveries_pending WHERE subscription = ?1 AND state = 0 AND order_key IS NULL LIMIT ?3)"};
  Statement cancel_some_ordered_{
      connection_,
      "UPDATE deliveries SET state = 3, updated = ?2 WHERE key IN (SELECT key FROM deliveries "
      "INDEXED BY deliveries_ordered WHERE subscription = ?1 AND state = 0 AND order_key IS NOT NULL LIMIT ?3)"};
  Statement note_failing_{connection_,
                          "INSERT INTO endpoint_health(subscription, failing_since, told) VALUES(?1, ?2, ?3) "
                          "ON CONFLICT(subscription) DO UPDATE SET failing_since = ?2, told = ?3"};
  Statement note_well_{connection_, "DELETE FROM endpoint_health WHERE subscription = ?1"};
};

}  // namespace posthorn::store::sqlite
