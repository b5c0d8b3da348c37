// PollOrder: gives each delivery of a poll subscription its place in the order of reading.
//
// Keys are made before their commit, so one that is smaller may be committed later, and a reader that had passed it would never
// see it. Places are given inside the one writer's transaction: whoever sees a place sees every smaller one that will ever be.
// A place is kept as the delivery's due time, above kNeverDue: the index of what is pending, which lanes read, then has poll
// subscriptions' deliveries in order too, and no lane ever finds one due.
// Concurrency: the writer's. A rolled back place is given again.
#pragma once

#include "domain/outbound/delivery.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class PollOrder {
 public:
  explicit PollOrder(Connection& connection) : connection_(connection) {}

  Timestamp next() {
    Cursor row = next_.open();
    const bool given = row.next();
    const Milliseconds place{given ? row.integer(0) : 0};
    while (row.next()) {
    }
    return domain::kNeverDue + place;
  }

 private:
  Connection& connection_;
  Statement next_{connection_, "UPDATE poll_order SET last = last + 1 WHERE id = 1 RETURNING last"};
};

}  // namespace posthorn::store::sqlite
