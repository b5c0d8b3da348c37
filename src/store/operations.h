// The store's operations: one plain struct each. See store.h for the rules that hold for all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "domain/outbound/attempt.h"
#include "domain/outbound/delivery.h"
#include "domain/outbound/event.h"
#include "domain/outbound/subscription.h"
#include "store/accept_operations.h"
#include "store/access_operations.h"
#include "store/automation_operations.h"
#include "store/lane_operations.h"
#include "store/paging.h"

namespace posthorn::store {

// --- catalogue ---------------------------------------------------------------------------------------------------------

// `audit`, wherever it stands: written in the same transaction, when the operation succeeds.
struct SaveTenant {
  domain::Tenant tenant;  // key chosen by the caller for a new one
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
// Rows disappear from every read at once; the stored ones go in small steps by expire().
struct DeleteTenant {
  TenantKey tenant;
  std::int64_t expected_revision = 0;  // 0: whatever it is (so for all deletes)
  std::optional<AuditEntry> audit = std::nullopt;
};
struct SaveTopic {
  domain::Topic topic;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct DeleteTopic {
  TopicKey topic;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct SaveScope {
  domain::Scope scope;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct DeleteScope {
  ScopeKey scope;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
// Further errors: conflict, field "uid" (taken in this tenant).
struct SaveSubscription {
  domain::Subscription subscription;  // its number is the store's to give
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct SavedSubscription {
  std::int64_t revision;
  std::int64_t number;
};
// The row stays, marked, so that its deliveries keep their referent. Pending ones: cancel_deliveries_of().
struct DeleteSubscription {
  SubscriptionKey subscription;
  std::int64_t expected_revision = 0;
  Timestamp at;
  std::optional<AuditEntry> audit = std::nullopt;
};

// A bearer key that may call: only its SHA-256 is kept.
struct Credential {
  std::string name;  // unique; "admin" for the one that the first run makes
  std::array<std::uint8_t, 32> key_hash{};
  Timestamp created_at;
};
struct SaveCredential {
  Credential credential;  // replaces the one of the same name
};

struct Catalogue {
  std::vector<domain::Tenant> tenants;
  std::vector<domain::Topic> topics;
  std::vector<domain::Scope> scopes;
  std::vector<domain::Subscription> subscriptions;  // not the deleted ones
  std::vector<domain::Automation> automations;
  std::vector<Credential> credentials;
};

// --- shards ------------------------------------------------------------------------------------------------------------

struct Lease {
  std::uint32_t shard = 0;
  std::int64_t epoch = 0;  // grows at every change of owner
  friend bool operator==(const Lease&, const Lease&) = default;
};
// Takes every shard whose lease has ended or which `node` has already; answers those that it now has.
struct ClaimShards {
  std::string node;  // a name that no other living process has
  Timestamp now;
  Timestamp until;
};
// Answers the leases that still hold.
struct RenewShards {
  std::string node;
  std::vector<Lease> leases;
  Timestamp now;
  Timestamp until;
};

// --- delivering --------------------------------------------------------------------------------------------------------

struct RecordAttempt {
  Lease lease;
  DeliveryId delivery;
  SubscriptionKey subscription;
  domain::EventPtr event;  // what was sent, for statistics; nothing: the attempt is not counted
  domain::Attempt attempt;
  domain::DeliveryState state = domain::DeliveryState::pending;  // what the delivery becomes
  Timestamp due;                                                 // for pending
  bool disable_subscription = false;                             // in the same transaction
  std::string disable_reason = "gone";                           // what Subscription::disabled_reason becomes
  bool outside_schedule = false;                                 // the schedule begins behind this attempt
  HealthChange health = HealthChange::none;
  Timestamp failing_since;        // for HealthChange::failing and told
  std::vector<NewEvent> notices;  // events about what this changes; accepted in the same transaction
  Timestamp at;
};
// A delivery that was cancelled meanwhile stays so (the attempt is recorded all the same). An attempt number that is
// recorded already changes nothing. Notices are accepted only with an attempt that is new and a delivery that was pending.
struct RecordedAttempt {
  domain::DeliveryState state;
  bool noticed = false;  // the notices are accepted
};

// Starts a new schedule: pending, due at `now`, attempts kept, and without its order key: it goes as its own. Errors:
// not_found; conflict when it is pending already, or when the event's payload has been expunged.
struct ResendDelivery {
  TenantKey tenant;
  DeliveryId delivery;
  Timestamp now;
};
// Errors: not_found; conflict unless pending.
struct CancelDelivery {
  TenantKey tenant;
  DeliveryId delivery;
  Timestamp now;
};
// Cancels up to `limit` pending deliveries; answers how many it did (0: none is left).
struct CancelDeliveriesOf {
  SubscriptionKey subscription;
  Timestamp now;
  std::uint32_t limit = 500;
};

// One bounded step of retention: deletes or blanks at most `limit` rows that are older than their cut-off. Pending
// deliveries and their events' payloads are never touched.
struct Expire {
  Timestamp payloads_before;
  Timestamp attempts_before;
  Timestamp deliveries_before;  // with their attempts; events go when no delivery is left
  Timestamp idempotency_before;
  Timestamp statistics_before;
  std::uint32_t limit = 500;
};
struct Expired {
  std::uint64_t payloads = 0;
  std::uint64_t attempts = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t events = 0;
  std::uint64_t idempotency_keys = 0;
  bool more = false;  // a further step would find something
};

// Pending deliveries without an order key of one subscription (of kind push) in the order (due, key), from after the cursor.
struct LoadPending {
  SubscriptionKey subscription;
  Timestamp due_until;  // inclusive
  Timestamp after_due{Milliseconds(-1)};
  DeliveryKey after_key;
  std::uint32_t limit = 0;
  std::size_t payload_bytes_max = 0;  // ends early (but never before the first) when payloads pass it
};

struct PendingCount {
  std::uint64_t pending = 0;
  std::optional<Timestamp> oldest;  // accepted at
};
// --- lists -------------------------------------------------------------------------------------------------------------

struct EventRow {
  domain::Event event;
  std::uint32_t deliveries = 0;  // how many it was matched to
};
// By id, or by external id when `id` is empty.
struct FindEvent {
  TenantKey tenant;
  EventId id;
  std::string external_id;
};
struct ListEvents {
  TenantKey tenant;
  std::string topic;  // exact; empty: all
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;  // exclusive
  PageQuery page;
};
struct FindDelivery {
  TenantKey tenant;
  DeliveryId delivery;
};
struct ListDeliveries {
  TenantKey tenant;
  EventKey event;                // 0: all
  SubscriptionKey subscription;  // 0: all
  std::optional<domain::DeliveryState> state;
  std::string topic;
  std::optional<Timestamp> since;  // of creation
  std::optional<Timestamp> until;
  PageQuery page;
};
struct ListAttempts {
  TenantKey tenant;
  DeliveryId delivery;
};

// --- condition ---------------------------------------------------------------------------------------------------------

struct Health {
  enum class State { ok, degraded, failed };  // degraded: writes fail now and are tried again; failed: until restart
  State state = State::ok;
  std::string reason;  // for people; empty when ok
};

struct Measures {
  std::uint64_t transactions = 0;
  std::uint64_t operations = 0;
  std::uint64_t queued = 0;  // writes waiting now
  std::uint64_t checkpoints = 0;
  std::chrono::nanoseconds commit_time_total{0};
  std::chrono::nanoseconds commit_time_last{0};
  std::uint64_t wal_bytes = 0;
  std::uint64_t data_bytes = 0;
};

}  // namespace posthorn::store
