// The conformance suite's fixture: a store of any kind, opened, closed and opened again, and its verbs as plain calls.
//
// A database joins by INSTANTIATE_TEST_SUITE_P(<Name>, StoreConformance, …) with a StoreKind (see sqlite/conformance_test.cc).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "store/conformance/test_loop.h"
#include "store/store.h"

namespace posthorn::store::conformance {

struct StoreKind {
  std::string name;
  bool durable;  // a store opened again at the same place has what was completed
  std::function<Result<std::unique_ptr<Store>>(const std::string& place, const Clock&)> open;
};

// A folder of its own, removed at the end.
class ScratchFolder {
 public:
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Runs a session's verb and answers what it completed with.
//   auto saved = ask<Saved>(loop, [&](Done<Saved> done) { session.save_tenant(write, std::move(done)); });
template <class T, class Verb>
Result<T> ask(TestLoop& loop, Verb verb) {
  std::optional<Result<T>> answer;
  verb(Done<T>([&answer](Result<T> result) { answer.emplace(std::move(result)); }));
  if (!loop.run_until([&answer] { return answer.has_value(); })) {
    ADD_FAILURE() << "the operation did not complete";
    return internal_error("not completed");
  }
  return std::move(*answer);
}

// Everything that most tests need: rows to begin with, and short ways to make more.
class Bench {
 public:
  Bench(TestLoop& test_loop, Store& store, ManualClock& test_clock, IdSource& id_source)
      : loop(test_loop), session(store.open_session(test_loop)), clock(test_clock), ids(id_source) {}

  // --- verbs, waited for ---
  Result<Saved> save(domain::Tenant tenant, std::int64_t expected = 0);
  Result<Saved> save(domain::Topic topic, std::int64_t expected = 0);
  Result<Saved> save(domain::Scope scope, std::int64_t expected = 0);
  Result<SavedSubscription> save(domain::Subscription subscription, std::int64_t expected = 0);
  Result<Saved> save(domain::Automation automation, std::int64_t expected = 0);
  Result<void> remove(TenantKey tenant, std::int64_t expected = 0);
  Result<void> remove(TopicKey topic, std::int64_t expected = 0);
  Result<void> remove(ScopeKey scope, std::int64_t expected = 0);
  Result<void> remove(SubscriptionKey subscription, std::int64_t expected = 0);
  Result<void> remove(AutomationKey automation, std::int64_t expected = 0);
  Result<void> save(Credential credential);
  Catalogue catalogue();
  Result<std::vector<Result<AcceptedEvent>>> accept_all(std::vector<NewEvent> events);
  Result<AcceptedEvent> accept(NewEvent event);
  Result<void> advance(AdvanceFanout write);
  Result<RecordedAttempt> record(RecordAttempt write);
  Result<domain::PendingDelivery> resend(TenantKey tenant, DeliveryId delivery);
  Result<void> cancel(TenantKey tenant, DeliveryId delivery);
  std::uint64_t cancel_of(SubscriptionKey subscription, std::uint32_t limit);
  Expired expire(Expire write);
  Expired expire_all(Expire write);  // every step until there is nothing more
  std::vector<Lease> claim(const std::string& node, Milliseconds lease_time = Milliseconds(15'000));
  std::vector<Lease> renew(const std::string& node, std::vector<Lease> leases, Milliseconds lease_time = Milliseconds(15'000));
  std::vector<LaneWork> lanes();  // of all shards
  std::vector<LaneWork> lanes(std::vector<std::uint32_t> shards);
  std::vector<domain::PendingDelivery> pending(LoadPending query);
  std::vector<domain::PendingDelivery> pending(SubscriptionKey subscription);  // all that is due some day
  std::vector<UnfinishedFanout> fanouts();
  PendingCount count();
  Result<EventRow> find(TenantKey tenant, EventId id);
  Result<EventRow> find(TenantKey tenant, std::string external_id);
  Page<EventRow> list(ListEvents query);
  Result<domain::Delivery> find(TenantKey tenant, DeliveryId id);
  Page<domain::Delivery> list(ListDeliveries query);
  Result<std::vector<domain::Attempt>> attempts(TenantKey tenant, DeliveryId id);
  // Of every hour.
  domain::Counters statistics(TenantKey tenant, SubscriptionKey subscription = {}, std::string topic = "");
  Result<void> backup(const std::string& path);

  // --- values ---
  domain::Tenant tenant(const std::string& name);
  domain::Topic topic(TenantKey tenant, const std::string& name);
  domain::Scope scope(TenantKey tenant, const std::string& name);
  domain::Subscription subscription(TenantKey tenant);
  domain::Automation automation(TenantKey tenant, const std::string& name);
  domain::Event event(TenantKey tenant, const std::string& topic = "document.created");
  // One delivery for each subscription, all of them made at once.
  NewEvent new_event(domain::Event event, const std::vector<domain::Subscription>& subscriptions);
  NewDelivery new_delivery(const domain::Subscription& subscription);
  domain::Attempt attempt(std::uint32_t number, domain::FailureKind failure = domain::FailureKind::none);
  RecordAttempt outcome(const domain::PendingDelivery& delivery, domain::DeliveryState state);

  // --- saved values ---
  domain::Tenant make_tenant(const std::string& name = "acme");
  domain::Subscription make_subscription(TenantKey tenant);
  // An event with one delivery for each subscription.
  NewEvent make_event(TenantKey tenant, const std::vector<domain::Subscription>& subscriptions);
  // The lease of the subscription's shard; claims all when there is none yet.
  Lease lease(SubscriptionKey subscription);

  Timestamp now() const { return clock.schedule_now(); }

  TestLoop& loop;
  std::unique_ptr<Session> session;
  ManualClock& clock;
  IdSource& ids;

 private:
  std::vector<Lease> leases_;
};

// Queries for everything of a tenant.
inline ListEvents events_of(TenantKey tenant) {
  ListEvents query;
  query.tenant = tenant;
  return query;
}
inline ListDeliveries deliveries_of(TenantKey tenant) {
  ListDeliveries query;
  query.tenant = tenant;
  return query;
}

class StoreConformance : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { close(); }

  void open();
  void close();
  // For durable stores.
  void reopen() {
    close();
    open();
  }

  ScratchFolder folder_;
  ManualClock clock_;
  IdSource ids_{clock_, 7};
  TestLoop loop_;
  std::unique_ptr<Store> store_;
  std::optional<Bench> bench_;
};

}  // namespace posthorn::store::conformance
