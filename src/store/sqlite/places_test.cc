// The coarse index by tenant and subscription, and how an older file gets it.
#include "store/sqlite/places.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "store/conformance/fixture.h"
#include "store/sqlite/data_folder.h"
#include "store/sqlite/database.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::store::sqlite {
namespace {

using conformance::Bench;
using conformance::deliveries_of;
using conformance::events_of;
using domain::DeliveryState;

class Places : public testing::Test {
 protected:
  Places() { options_.data_dir = folder_.path() + "/data"; }
  void TearDown() override { close(); }

  void open() {
    auto opened = open_sqlite(options_, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    bench_.emplace(loop_, *store_, clock_, ids_);
  }
  void close() {
    bench_.reset();
    store_.reset();
  }
  std::int64_t ask(const std::string& sql) {
    Connection connection(DataFolder::database_path(options_.data_dir), Connection::Mode::read_only, {});
    return connection.query_integer(sql);
  }
  Expire everything_before_now() const {
    Expire write{};
    write.payloads_before = write.attempts_before = write.deliveries_before = write.idempotency_before = bench_->now();
    write.limit = 50;
    return write;
  }
  // An older file: as the first migration left it, with an event for two subscriptions and one whose fan-out is unfinished.
  void make_first_version();

  conformance::ScratchFolder folder_;
  ManualClock clock_;
  IdSource ids_{clock_, 7};
  conformance::TestLoop loop_;
  SqliteOptions options_;
  std::unique_ptr<Store> store_;
  std::optional<Bench> bench_;

  TenantKey tenant_;
  SubscriptionId subscriptions_[2];
  EventId event_;
  EventId fanned_;
  DeliveryId deliveries_[3];
};

TEST_F(Places, AreFewForABusyOwner) {
  open();
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  for (int i = 0; i < 100; ++i) bench_->make_event(tenant.key, {subscription});
  EXPECT_LE(ask("SELECT count(*) FROM places"), 4) << "tenant and subscription, and perhaps a bucket's end between";
}

TEST_F(Places, FindTheFewRowsOfOneAmongManyOfAnother) {
  open();
  const auto busy = bench_->make_tenant("busy");
  const auto quiet = bench_->make_tenant("quiet");
  const auto loud = bench_->make_subscription(busy.key);
  const auto soft = bench_->make_subscription(quiet.key);
  std::vector<DeliveryId> expected;
  for (int i = 0; i < 600; ++i) {
    if (i % 200 == 7) expected.insert(expected.begin(), bench_->make_event(quiet.key, {soft}).deliveries[0].id);
    bench_->make_event(busy.key, {loud});
    clock_.advance(std::chrono::milliseconds(3));
  }
  auto query = deliveries_of(quiet.key);
  for (const SubscriptionKey subscription : {SubscriptionKey{}, soft.id.key}) {
    query.subscription = subscription;
    const auto page = bench_->list(query);
    ASSERT_EQ(page.items.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(page.items[i].id, expected[i]);
  }
  EXPECT_EQ(bench_->list(events_of(quiet.key)).items.size(), expected.size());
}

TEST_F(Places, GoAfterTheRowsThatTheyPointTo) {
  open();
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  for (int i = 0; i < 20; ++i) {
    bench_->make_event(tenant.key, {subscription});
    clock_.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(ask("SELECT count(*) FROM places"), 40);
  bench_->cancel_of(subscription.id.key, 100);
  const auto young = bench_->make_event(tenant.key, {subscription});
  auto write = everything_before_now();
  clock_.advance(std::chrono::hours(1));
  for (int round = 0; round < 3; ++round) bench_->expire_all(write);
  EXPECT_EQ(ask("SELECT count(*) FROM places"), 2);
  EXPECT_EQ(bench_->list(deliveries_of(tenant.key)).items.at(0).id, young.deliveries[0].id);
}

TEST_F(Places, ADeletedSubscriptionsRowGoesOnceItsDeliveriesHaveGone) {
  open();
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  clock_.advance(std::chrono::seconds(5));
  ASSERT_TRUE(bench_->remove(subscription.id.key));
  const std::string rows = "SELECT count(*) FROM subscriptions";
  auto write = everything_before_now();
  write.deliveries_before = {};
  for (int round = 0; round < 3; ++round) bench_->expire_all(write);
  EXPECT_EQ(ask(rows), 1) << "its delivery is still there";
  clock_.advance(std::chrono::seconds(5));
  for (int round = 0; round < 3; ++round) bench_->expire_all(everything_before_now());
  EXPECT_FALSE(bench_->find(tenant.key, made.deliveries[0].id));
  EXPECT_EQ(ask(rows), 0);
}

void Places::make_first_version() {
  tenant_ = TenantKey{ids_.next_key()};
  for (auto& subscription : subscriptions_) subscription = ids_.next<SubscriptionId>();
  clock_.advance(std::chrono::seconds(1));
  event_ = ids_.next<EventId>();
  deliveries_[0] = ids_.next<DeliveryId>();
  deliveries_[1] = ids_.next<DeliveryId>();
  fanned_ = ids_.next<EventId>();
  clock_.advance(std::chrono::seconds(1));
  deliveries_[2] = ids_.next<DeliveryId>();

  std::filesystem::create_directories(options_.data_dir);
  Connection connection(DataFolder::database_path(options_.data_dir), Connection::Mode::read_write, {});
  connection.execute(kMigration0001);
  connection.execute("PRAGMA application_id = " + std::to_string(kApplicationId) + "; PRAGMA user_version = 1");
  Statement(connection, "INSERT INTO tenants VALUES(?1, 'acme', '', 1, '', 1, 0, 0, 0)").run(tenant_);
  Statement event(connection, "INSERT INTO events VALUES(?1, ?2, ?3, 'a.b', 5, NULL, NULL, NULL, NULL, '', ?4, NULL, x'7b7d')");
  event.run(event_.key, event_.salt, tenant_, 2);
  event.run(fanned_.key, fanned_.salt, tenant_, 2);
  Statement(connection, "INSERT INTO fanouts VALUES(?1, ?2)").run(fanned_.key, subscriptions_[0].key);
  Statement subscription(connection, "INSERT INTO subscriptions VALUES(?1, ?2, ?3, '', x'00', '', 1, 0, 0, 0)");
  for (const auto& id : subscriptions_) subscription.run(id.key, id.salt, tenant_);
  Statement delivery(connection, "INSERT INTO deliveries VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0, 7, NULL)");
  for (int i = 0; i < 3; ++i) {
    delivery.run(deliveries_[i].key, deliveries_[i].salt, tenant_, (i < 2 ? event_ : fanned_).key, subscriptions_[i % 2].key);
  }
}

TEST_F(Places, AnOlderFilesRowsAreFoundInEveryWay) {
  make_first_version();
  open();
  EXPECT_EQ(bench_->list(events_of(tenant_)).items.size(), 2U);
  auto query = deliveries_of(tenant_);
  EXPECT_EQ(bench_->list(query).items.size(), 3U);
  query.subscription = subscriptions_[0].key;
  EXPECT_EQ(bench_->list(query).items.size(), 2U);
  query = deliveries_of(tenant_);
  query.event = event_.key;
  EXPECT_EQ(bench_->list(query).items.size(), 2U);
  query.event = fanned_.key;
  EXPECT_EQ(bench_->list(query).items.size(), 1U);
  const NewDelivery last{ids_.next<DeliveryId>(), subscriptions_[1]};
  ASSERT_TRUE(bench_->advance({fanned_.key, tenant_, {last}, true}));
  EXPECT_EQ(bench_->list(query).items.size(), 2U);
  EXPECT_EQ(bench_->pending(subscriptions_[1].key).size(), 2U);
}

TEST_F(Places, AnOlderFilesRowsExpireLikeNewOnes) {
  make_first_version();
  open();
  ASSERT_TRUE(bench_->advance({fanned_.key, tenant_, {}, true}));
  for (const auto& id : deliveries_) ASSERT_TRUE(bench_->cancel(tenant_, id));
  clock_.advance(std::chrono::seconds(1));
  const Expired expired = bench_->expire_all(everything_before_now());
  EXPECT_EQ(expired.deliveries, 3U);
  EXPECT_EQ(expired.events, 2U);
}

}  // namespace
}  // namespace posthorn::store::sqlite
