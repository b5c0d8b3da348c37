// Accepting events, and making the rest of their deliveries. Each runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/known.h"
#include "store/sqlite/poll_order.h"
#include "store/sqlite/statistics_log.h"

namespace posthorn::store::sqlite {

class EventWrites {
 public:
  EventWrites(Connection& connection, Known& known, PollOrder& poll_order, StatisticsLog& statistics)
      : connection_(connection), known_(known), poll_order_(poll_order), statistics_(statistics) {}

  // One event by itself. A delivery for a subscription that was deleted since it was matched is made cancelled.
  Result<AcceptedEvent> accept(const NewEvent& write);
  Result<void> advance(const AdvanceFanout& write);

 private:
  // The answer when the idempotency key or the external id is known already.
  std::optional<Result<AcceptedEvent>> find_first(const NewEvent& write);
  // Event, deliveries, and the mark of an unfinished fan-out.
  void insert_new(const NewEvent& write);
  void insert_event(const NewEvent& write);
  // The row that keeps `rest`: written when it is not there already.
  EventKey keep_rest(const SubscriptionSet& rest, EventKey event);
  void remember_key(const NewEvent& write, const AcceptedEvent& answer);
  void insert_deliveries(const std::vector<NewDelivery>& deliveries, TenantKey tenant, EventKey event, Timestamp due);
  void note_place(std::int64_t owner, std::int64_t key);

  Connection& connection_;
  Known& known_;
  PollOrder& poll_order_;
  StatisticsLog& statistics_;
  SubscriptionSet last_rest_;  // kept by the row of last_rest_key_, if that is (still) there
  EventKey last_rest_key_;

  Statement find_idempotency_{connection_,
                              "SELECT coalesce(first, event), salt, external_id, matched, fingerprint FROM idempotency "
                              "WHERE tenant = ?1 AND key = ?2"};
  Statement find_external_{connection_,
                           "SELECT key, salt, external_id, matched, fingerprint FROM events "
                           "WHERE tenant = ?1 AND external_id = ?2"};
  Statement insert_idempotency_{connection_,
                                "INSERT INTO idempotency(event, salt, tenant, key, external_id, matched, fingerprint, first) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"};
  Statement insert_event_{
      connection_,
      "INSERT INTO events(key, salt, tenant, topic, accepted, time, external_id, user, scope, traceparent, "
      "matched, fingerprint, payload, last_delivery) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"};
  Statement insert_delivery_{connection_,
                             "INSERT INTO deliveries(key, salt, tenant, event, subscription, state, attempts, schedule_start, "
                             "due, updated, order_key) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8, ?9)"};
  Statement insert_place_{connection_, "INSERT OR IGNORE INTO places(owner, bucket) VALUES(?1, ?2)"};
  Statement insert_fanout_{connection_, "INSERT INTO fanouts(event, after, last_delivery, rest) VALUES(?1, ?2, ?3, ?4)"};
  Statement find_rest_{connection_, "SELECT 1 FROM fanout_rests WHERE key = ?1"};
  Statement insert_rest_{connection_, "INSERT INTO fanout_rests(key, subscriptions) VALUES(?1, ?2)"};
  Statement find_fanout_{connection_,
                         "SELECT f.after, e.tenant, e.accepted FROM fanouts f JOIN events e ON e.key = f.event "
                         "WHERE f.event = ?1"};
  Statement advance_fanout_{connection_, "UPDATE fanouts SET after = ?2, last_delivery = ?3 WHERE event = ?1"};
  Statement set_last_delivery_{connection_,
                               "UPDATE events SET last_delivery = coalesce(?2, (SELECT last_delivery FROM fanouts WHERE "
                               "event = ?1)) WHERE key = ?1"};
  Statement finish_fanout_{connection_, "DELETE FROM fanouts WHERE event = ?1"};
};

}  // namespace posthorn::store::sqlite
