#include "store/conformance/fixture.h"

#include <stdlib.h>

#include <filesystem>
#include <limits>
#include <numeric>

namespace posthorn::store::conformance {

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "posthorn-store-XXXXXX").string();
  const char* made = mkdtemp(pattern.data());
  POSTHORN_CHECK(made != nullptr);
  path_ = pattern;
}
ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void StoreConformance::open() {
  auto opened = GetParam().open(folder_.path() + "/data", clock_);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  bench_.emplace(loop_, *store_, clock_, ids_);
}

void StoreConformance::close() {
  bench_.reset();
  if (store_ != nullptr) store_->stop();
  store_.reset();
}

// --- verbs -----------------------------------------------------------------------------------------------------------------

#define POSTHORN_ASK(T, call) ask<T>(loop, [&](Done<T> done) { call; })

Result<Saved> Bench::save(domain::Tenant value, std::int64_t expected) {
  return POSTHORN_ASK(Saved, session->save_tenant({std::move(value), expected}, std::move(done)));
}
Result<Saved> Bench::save(domain::Topic value, std::int64_t expected) {
  return POSTHORN_ASK(Saved, session->save_topic({std::move(value), expected}, std::move(done)));
}
Result<Saved> Bench::save(domain::Scope value, std::int64_t expected) {
  return POSTHORN_ASK(Saved, session->save_scope({std::move(value), expected}, std::move(done)));
}
Result<SavedSubscription> Bench::save(domain::Subscription value, std::int64_t expected) {
  return POSTHORN_ASK(SavedSubscription, session->save_subscription({std::move(value), expected}, std::move(done)));
}
Result<Saved> Bench::save(domain::Automation value, std::int64_t expected) {
  return POSTHORN_ASK(Saved, session->save_automation({std::move(value), expected}, std::move(done)));
}
Result<void> Bench::remove(TenantKey key, std::int64_t expected) {
  return POSTHORN_ASK(void, session->delete_tenant({key, expected}, std::move(done)));
}
Result<void> Bench::remove(TopicKey key, std::int64_t expected) {
  return POSTHORN_ASK(void, session->delete_topic({key, expected}, std::move(done)));
}
Result<void> Bench::remove(ScopeKey key, std::int64_t expected) {
  return POSTHORN_ASK(void, session->delete_scope({key, expected}, std::move(done)));
}
Result<void> Bench::remove(SubscriptionKey key, std::int64_t expected) {
  return POSTHORN_ASK(void, session->delete_subscription({key, expected, now()}, std::move(done)));
}
Result<void> Bench::remove(AutomationKey key, std::int64_t expected) {
  return POSTHORN_ASK(void, session->delete_automation({key, expected}, std::move(done)));
}
Result<void> Bench::save(Credential credential) {
  return POSTHORN_ASK(void, session->save_credential({std::move(credential)}, std::move(done)));
}
Catalogue Bench::catalogue() {
  auto loaded = POSTHORN_ASK(Catalogue, session->load_catalogue(std::move(done)));
  EXPECT_TRUE(loaded);
  return loaded ? std::move(*loaded) : Catalogue{};
}
Result<std::vector<Result<AcceptedEvent>>> Bench::accept_all(std::vector<NewEvent> events) {
  return POSTHORN_ASK(std::vector<Result<AcceptedEvent>>, session->accept_events({std::move(events)}, std::move(done)));
}
Result<AcceptedEvent> Bench::accept(NewEvent event) {
  auto results = accept_all({std::move(event)});
  if (!results) return results.error();
  EXPECT_EQ(results->size(), 1U);
  return std::move(results->front());
}
Result<void> Bench::advance(AdvanceFanout write) {
  return POSTHORN_ASK(void, session->advance_fanout(std::move(write), std::move(done)));
}
Result<RecordedAttempt> Bench::record(RecordAttempt write) {
  return POSTHORN_ASK(RecordedAttempt,
                      session->record_attempt(std::make_shared<RecordAttempt>(std::move(write)), std::move(done)));
}
Result<domain::PendingDelivery> Bench::resend(TenantKey owner, DeliveryId delivery) {
  return POSTHORN_ASK(domain::PendingDelivery, session->resend_delivery({owner, delivery, now()}, std::move(done)));
}
Result<void> Bench::cancel(TenantKey owner, DeliveryId delivery) {
  return POSTHORN_ASK(void, session->cancel_delivery({owner, delivery, now()}, std::move(done)));
}
std::uint64_t Bench::cancel_of(SubscriptionKey key, std::uint32_t limit) {
  const auto cancelled = POSTHORN_ASK(std::uint64_t, session->cancel_deliveries_of({key, now(), limit}, std::move(done)));
  EXPECT_TRUE(cancelled);
  return cancelled ? *cancelled : 0;
}
Expired Bench::expire(Expire write) {
  auto expired = POSTHORN_ASK(Expired, session->expire(write, std::move(done)));
  EXPECT_TRUE(expired);
  return expired ? *expired : Expired{};
}
Expired Bench::expire_all(Expire write) {
  Expired sum;
  for (int step = 0; step < 10'000; ++step) {
    const Expired expired = expire(write);
    sum.payloads += expired.payloads;
    sum.attempts += expired.attempts;
    sum.deliveries += expired.deliveries;
    sum.events += expired.events;
    sum.idempotency_keys += expired.idempotency_keys;
    if (!expired.more) return sum;
  }
  ADD_FAILURE() << "expiry does not end";
  return sum;
}
std::vector<Lease> Bench::claim(const std::string& node, Milliseconds lease_time) {
  auto held = POSTHORN_ASK(std::vector<Lease>, session->claim_shards({node, now(), now() + lease_time}, std::move(done)));
  EXPECT_TRUE(held);
  leases_ = held ? *held : std::vector<Lease>{};
  return leases_;
}
std::vector<Lease> Bench::renew(const std::string& node, std::vector<Lease> leases, Milliseconds lease_time) {
  const auto held = POSTHORN_ASK(std::vector<Lease>,
                                 session->renew_shards({node, std::move(leases), now(), now() + lease_time}, std::move(done)));
  EXPECT_TRUE(held);
  return held ? *held : std::vector<Lease>{};
}
std::vector<LaneWork> Bench::lanes() {
  std::vector<std::uint32_t> shards(kShardCount);
  std::iota(shards.begin(), shards.end(), 0U);
  return lanes(std::move(shards));
}
std::vector<LaneWork> Bench::lanes(std::vector<std::uint32_t> shards) {
  auto found = POSTHORN_ASK(std::vector<LaneWork>, session->lanes_with_work(std::move(shards), std::move(done)));
  EXPECT_TRUE(found);
  return found ? *found : std::vector<LaneWork>{};
}
std::vector<domain::PendingDelivery> Bench::pending(LoadPending query) {
  auto found = POSTHORN_ASK(std::vector<domain::PendingDelivery>, session->load_pending(query, std::move(done)));
  EXPECT_TRUE(found);
  return found ? *found : std::vector<domain::PendingDelivery>{};
}
std::vector<domain::PendingDelivery> Bench::pending(SubscriptionKey key) {
  LoadPending query{.subscription = key, .due_until = Timestamp(Milliseconds(std::int64_t{1} << 60)), .after_key = {}};
  query.limit = 1'000'000;
  query.payload_bytes_max = std::numeric_limits<std::size_t>::max();
  return pending(query);
}
std::vector<UnfinishedFanout> Bench::fanouts() {
  auto found = POSTHORN_ASK(std::vector<UnfinishedFanout>, session->unfinished_fanouts(std::move(done)));
  EXPECT_TRUE(found);
  return found ? *found : std::vector<UnfinishedFanout>{};
}
PendingCount Bench::count() {
  auto found = POSTHORN_ASK(PendingCount, session->count_pending(std::move(done)));
  EXPECT_TRUE(found);
  return found ? *found : PendingCount{};
}
Result<EventRow> Bench::find(TenantKey owner, EventId id) {
  return POSTHORN_ASK(EventRow, session->find_event({owner, id, {}}, std::move(done)));
}
Result<EventRow> Bench::find(TenantKey owner, std::string external_id) {
  return POSTHORN_ASK(EventRow, session->find_event({owner, {}, std::move(external_id)}, std::move(done)));
}
Page<EventRow> Bench::list(ListEvents query) {
  auto page = POSTHORN_ASK(Page<EventRow>, session->list_events(std::move(query), std::move(done)));
  EXPECT_TRUE(page);
  return page ? *page : Page<EventRow>{};
}
Result<domain::Delivery> Bench::find(TenantKey owner, DeliveryId id) {
  return POSTHORN_ASK(domain::Delivery, session->find_delivery({owner, id}, std::move(done)));
}
Page<domain::Delivery> Bench::list(ListDeliveries query) {
  auto page = POSTHORN_ASK(Page<domain::Delivery>, session->list_deliveries(std::move(query), std::move(done)));
  EXPECT_TRUE(page);
  return page ? *page : Page<domain::Delivery>{};
}
Result<std::vector<domain::Attempt>> Bench::attempts(TenantKey owner, DeliveryId id) {
  return POSTHORN_ASK(std::vector<domain::Attempt>, session->list_attempts({owner, id}, std::move(done)));
}
domain::Counters Bench::statistics(TenantKey owner, SubscriptionKey of, std::string name) {
  const auto hours = ask<std::vector<HourCounters>>(loop, [&](Done<std::vector<HourCounters>> done) {
    session->read_statistics({owner, of, std::move(name), 0, std::int64_t{1} << 40}, std::move(done));
  });
  EXPECT_TRUE(hours);
  domain::Counters sum;
  for (const auto& one : *hours) sum.add(one.counters);
  return sum;
}
Result<void> Bench::backup(const std::string& path) { return POSTHORN_ASK(void, session->backup(path, std::move(done))); }

#undef POSTHORN_ASK

// --- values ----------------------------------------------------------------------------------------------------------------

domain::Tenant Bench::tenant(const std::string& name) {
  domain::Tenant tenant;
  tenant.key = TenantKey{ids.next_key()};
  tenant.name = name;
  tenant.display_name = "Tenant " + name;
  tenant.webhooks_enabled = true;
  tenant.settings = R"({"a":1})";
  tenant.created_at = tenant.updated_at = now();
  return tenant;
}
domain::Topic Bench::topic(TenantKey owner, const std::string& name) {
  domain::Topic topic;
  topic.key = TopicKey{ids.next_key()};
  topic.tenant = owner;
  topic.name = name;
  topic.description = "About " + name;
  topic.schema = R"({"type":"object"})";
  topic.example = R"({"id":1})";
  topic.created_at = topic.updated_at = now();
  return topic;
}
domain::Scope Bench::scope(TenantKey owner, const std::string& name) {
  domain::Scope scope;
  scope.key = ScopeKey{ids.next_key()};
  scope.tenant = owner;
  scope.name = name;
  scope.display_name = "Scope " + name;
  scope.created_at = scope.updated_at = now();
  return scope;
}
domain::Subscription Bench::subscription(TenantKey owner) {
  domain::Subscription subscription;
  subscription.id = ids.next<SubscriptionId>();
  subscription.tenant = owner;
  subscription.settings.url = "https://example.com/hook";
  subscription.settings.topics = {"document.*"};
  subscription.sealed_secret = std::string("\0sealed\xff", 8);
  subscription.created_at = subscription.updated_at = now();
  return subscription;
}
domain::Event Bench::event(TenantKey owner, const std::string& topic_name) {
  domain::Event event;
  event.id = ids.next<EventId>();
  event.tenant = owner;
  event.topic = topic_name;
  event.accepted_at = event.time = now();
  event.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  event.payload = R"({"id":7})";
  return event;
}
NewDelivery Bench::new_delivery(const domain::Subscription& subscriber) { return {ids.next<DeliveryId>(), subscriber.id}; }
domain::Automation Bench::automation(TenantKey owner, const std::string& name) {
  domain::Automation made;
  made.key = {ids.next_key()};
  made.tenant = owner;
  made.name = name;
  auto settings = domain::decode_automation(
      R"({"topics":["document.*"],"when":[{"path":"$.data.n","op":"gt","value":1}],"publish":{"topic":"other","data":{"n":"{{ $.data.n }}"}}})");
  EXPECT_TRUE(settings);
  made.settings = std::move(*settings);
  made.created_at = made.updated_at = clock.wall_now();
  return made;
}
NewEvent Bench::new_event(domain::Event value, const std::vector<domain::Subscription>& subscriptions) {
  NewEvent made;
  made.event = std::make_shared<const domain::Event>(std::move(value));
  for (const auto& subscriber : subscriptions) made.deliveries.push_back(new_delivery(subscriber));
  made.matched = static_cast<std::uint32_t>(subscriptions.size());
  return made;
}
domain::Attempt Bench::attempt(std::uint32_t number, domain::FailureKind failure) {
  domain::Attempt made;
  made.number = number;
  made.started_at = clock.wall_now();
  made.duration = std::chrono::microseconds(1234);
  made.failure = failure;
  made.status = failure == domain::FailureKind::none ? 200 : failure == domain::FailureKind::status ? 503 : 0;
  made.detail = failure == domain::FailureKind::none ? "" : "it failed";
  made.response = std::string("ok\0more", 7);
  return made;
}
RecordAttempt Bench::outcome(const domain::PendingDelivery& delivery, domain::DeliveryState state) {
  RecordAttempt write;
  write.lease = lease(delivery.subscription);
  write.delivery = delivery.id;
  write.subscription = delivery.subscription;
  write.event = delivery.event;
  write.attempt = attempt(delivery.attempts + 1,
                          state == domain::DeliveryState::succeeded ? domain::FailureKind::none : domain::FailureKind::status);
  write.state = state;
  write.due = now() + Milliseconds(5000);
  write.at = now();
  return write;
}

domain::Tenant Bench::make_tenant(const std::string& name) {
  auto made = tenant(name);
  EXPECT_TRUE(save(made));
  return made;
}
domain::Subscription Bench::make_subscription(TenantKey owner) {
  auto made = subscription(owner);
  EXPECT_TRUE(save(made));
  return made;
}
NewEvent Bench::make_event(TenantKey owner, const std::vector<domain::Subscription>& subscriptions) {
  auto made = new_event(event(owner), subscriptions);
  EXPECT_TRUE(accept(made));
  return made;
}
Lease Bench::lease(SubscriptionKey key) {
  if (leases_.empty()) claim("node");
  return leases_.at(domain::shard_of(key));
}

}  // namespace posthorn::store::conformance
