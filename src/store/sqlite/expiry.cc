#include "store/sqlite/expiry.h"

#include <algorithm>
#include <limits>

#include "domain/outbound/statistics.h"

namespace posthorn::store::sqlite {
namespace {

constexpr std::int64_t kStages = 5;
constexpr std::size_t kSubscriptionsSweptMax = 100;                          // looked at in one step
constexpr std::int64_t kNoPlace = std::numeric_limits<std::int64_t>::max();  // above every place and every key
constexpr std::size_t kOwnersSweptMax = 100;                                 // the same
constexpr std::size_t kPlaceCost = 20;  // of the budget, for looking for a tenant's rows in one place

}  // namespace

Result<Expired> Expiry::step(const Expire& write) {
  Expired expired;
  Budget budget{write.limit};
  const Cursors before = load(Kind::stage);
  std::int64_t stage = before.passed;
  for (; stage < kStages; ++stage) {
    run_stage(stage, write, budget, expired);
    if (budget.rows == 0) break;
  }
  expired.more = stage < kStages;
  stage %= kStages;
  if (stage != before.passed) save(Kind::stage, {stage, 0});
  return expired;
}

void Expiry::run_stage(std::int64_t stage, const Expire& write, Budget& budget, Expired& expired) {
  const std::int64_t deliveries_below = first_key_at(write.deliveries_before);
  switch (stage) {
    case 0:
      sweep_places(budget);
      sweep_subscriptions(write.deliveries_before, budget);
      sweep_tenants(budget, expired);
      expire_jobs(write.deliveries_before, budget);
      expire_statistics(write.statistics_before, budget);
      return expire_idempotency(write, budget, expired);
    case 1:
      return walk(Kind::payloads, first_key_at(write.payloads_before), next_events_, budget,
                  [&](std::int64_t event) { return expire_payload(event, expired); });
    case 2:
      return walk(Kind::attempts, first_key_at(write.attempts_before), next_deliveries_, budget,
                  [&](std::int64_t delivery) { return expire_attempts(delivery, write.attempts_before, budget, expired); });
    case 3:
      return walk(Kind::deliveries, deliveries_below, next_deliveries_, budget,
                  [&](std::int64_t delivery) { return expire_delivery(delivery, deliveries_below, budget, expired); });
    default:
      return walk(Kind::events, deliveries_below, next_events_, budget,
                  [&](std::int64_t event) { return expire_event(event, expired); });
  }
}

// --- walking -------------------------------------------------------------------------------------------------------------

Expiry::Cursors Expiry::load(Kind kind) {
  Cursor row = load_.open(static_cast<int>(kind));
  return row.next() ? Cursors{row.integer(0), row.integer(1)} : Cursors{};
}

void Expiry::save(Kind kind, const Cursors& cursors) { save_.run(static_cast<int>(kind), cursors.passed, cursors.held); }

// Looking at a row costs one of the budget, whether it goes or not; removing it costs what it removes beside.
template <class Treat>
void Expiry::walk(Kind kind, std::int64_t below, Statement& next, Budget& budget, Treat treat) {
  const Cursors before = load(kind);
  Cursors cursors = before;
  for (const std::int64_t key : keys(next, cursors.passed, below, budget.rows)) {
    if (budget.rows == 0) break;
    budget.take(1);
    if (treat(key) == Treated::hold) hold_.run(static_cast<int>(kind), key);
    cursors.passed = key;
  }
  if (budget.rows > 0) walk_held(kind, below, cursors, budget, treat);
  if (cursors.passed != before.passed || cursors.held != before.held) save(kind, cursors);
}

template <class Treat>
void Expiry::walk_held(Kind kind, std::int64_t below, Cursors& cursors, Budget& budget, Treat treat) {
  for (const std::int64_t key : keys(next_held_, static_cast<int>(kind), cursors.held, below, budget.rows)) {
    if (budget.rows == 0) return;
    budget.take(1);
    if (treat(key) == Treated::done) let_go_.run(static_cast<int>(kind), key);
    cursors.held = key;
  }
  if (budget.rows > 0) cursors.held = 0;  // once round
}

// --- kinds ---------------------------------------------------------------------------------------------------------------

void Expiry::expire_idempotency(const Expire& write, Budget& budget, Expired& expired) {
  const auto removed = delete_idempotency_.run(first_key_at(write.idempotency_before), budget.rows);
  expired.idempotency_keys += static_cast<std::uint64_t>(removed);
  budget.take(static_cast<std::size_t>(removed));
}

void Expiry::expire_jobs(Timestamp before, Budget& budget) {
  if (budget.rows == 0) return;
  budget.take(static_cast<std::size_t>(delete_jobs_.run(first_key_at(before), budget.rows)));
}

void Expiry::expire_statistics(Timestamp before, Budget& budget) {
  if (budget.rows == 0) return;
  budget.take(static_cast<std::size_t>(delete_statistics_.run(domain::hour_of(before), budget.rows)));
}

Expiry::Treated Expiry::expire_payload(std::int64_t event, Expired& expired) {
  if (fans_out(event) || pending_of_event_.open(event).next()) return Treated::hold;
  expired.payloads += static_cast<std::uint64_t>(blank_payload_.run(event));
  return Treated::done;
}

Expiry::Treated Expiry::expire_attempts(std::int64_t delivery, Timestamp before, Budget& budget, Expired& expired) {
  if (Cursor row = delivery_.open(delivery); row.next() && row.integer(0) == 0) return Treated::hold;
  if (Cursor row = newest_attempt_.open(delivery); row.next() && !row.is_null(0) && row.time(0) >= before) {
    return Treated::hold;
  }
  const auto removed = static_cast<std::uint64_t>(delete_attempts_.run(delivery));
  expired.attempts += removed;
  budget.take(removed);
  return Treated::done;
}

Expiry::Treated Expiry::expire_delivery(std::int64_t delivery, std::int64_t below, Budget& budget, Expired& expired) {
  std::int64_t event = 0;
  if (Cursor row = delivery_.open(delivery); row.next()) {
    if (row.integer(0) == 0 && row.time(2) < domain::kNeverDue) return Treated::hold;
    event = row.integer(1);
  } else {
    return Treated::done;
  }
  budget.take(remove_delivery(delivery, expired));
  if (event < below && !has_deliveries(event) && !fans_out(event)) {
    delete_event_.run(event);
    ++expired.events;
  }
  return Treated::done;
}

std::uint64_t Expiry::remove_delivery(std::int64_t delivery, Expired& expired) {
  const auto attempts = static_cast<std::uint64_t>(delete_attempts_.run(delivery));
  delete_delivery_.run(delivery);
  expired.attempts += attempts;
  ++expired.deliveries;
  return attempts + 1;
}

// Events that have deliveries go with the last of them.
Expiry::Treated Expiry::expire_event(std::int64_t event, Expired& expired) {
  if (fans_out(event)) return Treated::hold;
  if (has_deliveries(event)) return Treated::done;
  expired.events += static_cast<std::uint64_t>(delete_event_.run(event));
  return Treated::done;
}

// --- what was deleted ------------------------------------------------------------------------------------------------------

// Removes the places of some owners that are older than every row there is, the owners in turns.
void Expiry::sweep_places(Budget& budget) {
  const std::int64_t oldest = place_of(keys(oldest_key_, kNoPlace).front());
  Cursors cursors = load(Kind::places);
  const std::int64_t before = cursors.passed;
  for (std::size_t swept = 0; swept < kOwnersSweptMax && budget.rows > 0; ++swept) {
    const auto owner = keys(next_owner_, cursors.passed);
    if (owner.empty()) {
      cursors.passed = 0;  // once round
      break;
    }
    budget.take(static_cast<std::size_t>(delete_places_.run(owner.front(), oldest, budget.rows)));
    if (budget.rows > 0) cursors.passed = owner.front();
  }
  if (cursors.passed != before) save(Kind::places, cursors);
}

// Cancels what a crash left pending between a subscription's deletion and the cancelling of its deliveries, and removes the row
// once it is old and nothing refers to it.
void Expiry::sweep_subscriptions(Timestamp before, Budget& budget) {
  Cursors cursors = load(Kind::subscriptions);
  const auto found = keys(next_subscriptions_, cursors.passed, kSubscriptionsSweptMax);
  if (found.empty() && cursors.passed == 0) return;
  for (const std::int64_t key : found) {
    budget.take(static_cast<std::size_t>(cancel_of_.run(key, budget.rows)));
    budget.take(static_cast<std::size_t>(cancel_ordered_of_.run(key, budget.rows)));
    if (budget.rows == 0) break;
    if (delete_subscription_.run(key, before) > 0) known_.remove_deleted(SubscriptionKey{key});
    cursors.passed = key;
  }
  if (found.size() < kSubscriptionsSweptMax && budget.rows > 0) cursors.passed = 0;  // once round
  save(Kind::subscriptions, cursors);
}

void Expiry::sweep_tenants(Budget& budget, Expired& expired) {
  while (budget.rows > 0) {
    const auto tenants = keys(deleted_tenant_);
    if (tenants.empty()) return;
    sweep_tenant(tenants.front(), budget, expired);
  }
}

void Expiry::remove_rows_of(std::int64_t tenant, Budget& budget, Expired& expired) {
  while (budget.rows > 0) {
    const auto place = keys(first_place_, tenant);
    if (place.empty()) break;
    sweep_place(tenant, place.front(), budget, expired);
  }
}

std::uint64_t Expiry::remove_rows_of(TenantKey tenant, std::size_t limit) {
  Expired expired;
  Budget budget{limit};
  remove_rows_of(tenant.value, budget, expired);
  return limit - budget.rows;
}

void Expiry::sweep_tenant(std::int64_t tenant, Budget& budget, Expired& expired) {
  remove_rows_of(tenant, budget, expired);
  if (budget.rows > 0) {
    const auto removed = static_cast<std::uint64_t>(delete_idempotency_of_.run(tenant, budget.rows));
    expired.idempotency_keys += removed;
    budget.take(removed);
  }
  for (Statement* statement : {&delete_topics_of_, &delete_scopes_of_, &delete_automations_of_, &delete_statistics_of_,
                               &delete_jobs_of_, &delete_held_of_, &delete_cursors_of_}) {
    if (budget.rows > 0) budget.take(static_cast<std::size_t>(statement->run(tenant, budget.rows)));
  }
  for (const std::int64_t subscription : keys(subscriptions_of_, tenant, budget.rows)) {
    budget.take(static_cast<std::size_t>(delete_places_.run(subscription, kNoPlace, budget.rows)));
    if (budget.rows == 0) return;
    remove_subscription_.run(subscription);
    known_.remove_deleted(SubscriptionKey{subscription});
    budget.take(1);
  }
  if (budget.rows > 0) tenant_is_swept_.run(tenant);
}

// The rows of a deleted tenant in one bucket, then the place itself.
void Expiry::sweep_place(std::int64_t tenant, std::int64_t bucket, Budget& budget, Expired& expired) {
  for (const std::int64_t delivery : keys(deliveries_of_tenant_, tenant, bucket, budget.rows)) {
    budget.take(remove_delivery(delivery, expired));
    if (budget.rows == 0) return;
  }
  for (const std::int64_t event : keys(events_of_tenant_, tenant, bucket, budget.rows)) {
    delete_fanout_.run(event);
    delete_event_.run(event);
    ++expired.events;
    budget.take(1);
  }
  if (budget.rows == 0) return;
  delete_place_.run(tenant, bucket);
  budget.take(kPlaceCost);
}

}  // namespace posthorn::store::sqlite
