#include "store/sqlite/tenant_expiry.h"

#include <algorithm>

#include "store/sqlite/secure_delete.h"

namespace posthorn::store::sqlite {

template <class Treat>
void TenantExpiry::walk(TenantKey tenant, Expiry::Kind kind, std::int64_t below, Statement& next, Expiry::Budget& budget,
                        std::uint32_t held_max, Treat treat) {
  const int kind_number = static_cast<int>(kind);
  Expiry::Cursors before;
  if (Cursor row = load_.open(tenant, kind_number); row.next()) before = {row.integer(0), row.integer(1)};
  Expiry::Cursors cursors = before;
  const std::size_t wanted = budget.rows;
  const auto found = wanted == 0 ? std::vector<std::int64_t>{} : expiry_.keys(next, tenant, cursors.passed, below, wanted);
  for (const std::int64_t key : found) {
    if (budget.rows == 0) break;
    budget.take(1);
    if (treat(key) == Expiry::Treated::hold) hold_.run(tenant, kind_number, key);
    cursors.passed = key;
  }
  // Others' rows in the same places are not to be walked again.
  if (wanted > 0 && found.size() < wanted && budget.rows > 0) cursors.passed = std::max(cursors.passed, below - 1);
  const auto held = expiry_.keys(next_held_, tenant, kind_number, cursors.held, below, held_max);
  for (const std::int64_t key : held) {
    if (treat(key) == Expiry::Treated::done) let_go_.run(tenant, kind_number, key);
    cursors.held = key;
  }
  if (held.size() < held_max) cursors.held = 0;  // once round
  if (cursors.passed != before.passed || cursors.held != before.held) {
    save_.run(tenant, kind_number, cursors.passed, cursors.held);
  }
}

Result<Expired> TenantExpiry::step(const ExpireTenant& write) {
  Expired expired;
  Expiry::Budget budget{write.limit};
  const std::uint32_t held_max = std::max<std::uint32_t>(write.limit / 8, 1);
  const std::int64_t deliveries_below = first_key_at(write.deliveries_before);
  walk(write.tenant, Expiry::Kind::payloads, first_key_at(write.payloads_before), next_events_, budget, held_max,
       [&](std::int64_t event) { return expiry_.expire_payload(event, expired); });
  walk(write.tenant, Expiry::Kind::attempts, first_key_at(write.attempts_before), next_deliveries_, budget, held_max,
       [&](std::int64_t delivery) { return expiry_.expire_attempts(delivery, write.attempts_before, budget, expired); });
  walk(write.tenant, Expiry::Kind::deliveries, deliveries_below, next_deliveries_, budget, held_max,
       [&](std::int64_t delivery) { return expiry_.expire_delivery(delivery, deliveries_below, budget, expired); });
  walk(write.tenant, Expiry::Kind::events, deliveries_below, next_events_, budget, held_max,
       [&](std::int64_t event) { return expiry_.expire_event(event, expired); });
  expired.more = budget.rows == 0;
  return expired;
}

Result<ExpungedEvent> TenantExpiry::expunge(const ExpungeEvent& write) {
  if (expiry_.known_.is_deleted(write.tenant)) return not_found("the event does not exist");
  bool blank = false;
  if (Cursor row = event_.open(write.event.key, write.event.salt, write.tenant); row.next()) {
    blank = row.integer(0) != 0;
  } else {
    return not_found("the event does not exist");
  }
  const SecureDelete secure(connection_);
  if (!blank) blank_payload_.run(write.event.key);
  keep_last_delivery_.run(write.event.key);
  delete_fanout_.run(write.event.key);

  ExpungedEvent expunged;
  std::vector<ExpungedEvent::Cancelled> found;
  {
    Cursor row = deliveries_of_event_.open(write.event.key, write.after, write.limit);
    while (row.next()) {
      found.push_back({row.key<SubscriptionKey>(1), row.key<DeliveryKey>(0)});
      if (row.integer(2) == 0) expunged.cancelled.push_back(found.back());
    }
  }
  for (const auto& delivery : found) {
    cancel_.run(delivery.delivery, write.at);
    blank_answers_.run(delivery.delivery);
  }
  if (found.size() == write.limit) expunged.last = found.back().delivery;
  return expunged;
}

}  // namespace posthorn::store::sqlite
