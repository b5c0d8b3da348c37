#include "access/tenants.h"

#include <gtest/gtest.h>

#include "net/loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::access {
namespace {

class TenantsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    store_ = std::move(store::sqlite::open_sqlite(options, clock_)).value();
    loop_.start();
    net::run_on(loop_, [this]() -> net::Task<> {
      session_ = store_->open_session(loop_);
      co_return;
    });
  }
  void TearDown() override {
    net::run_on(loop_, [this]() -> net::Task<> {
      session_.reset();
      co_return;
    });
    store_->stop();
    loop_.stop();
  }

  Result<TenantPtr> save(domain::Tenant tenant, std::int64_t expected) {
    Result<TenantPtr> saved = TenantPtr();
    net::run_on(loop_, [&]() -> net::Task<> { saved = co_await tenants_.save(*session_, std::move(tenant), expected); });
    return saved;
  }
  Status remove(TenantPtr tenant, std::int64_t expected) {
    Status removed;
    net::run_on(loop_, [&]() -> net::Task<> { removed = co_await tenants_.remove(*session_, std::move(tenant), expected); });
    return removed;
  }
  static domain::Tenant named(std::string name) {
    domain::Tenant tenant;
    tenant.name = std::move(name);
    return tenant;
  }

  ManualClock clock_;
  IdSource ids_{clock_, 3};
  net::Loop loop_{"tenants-test"};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  Tenants tenants_{clock_, ids_};
};

TEST_F(TenantsTest, AreFoundOnceTheyAreStored) {
  EXPECT_EQ(tenants_.find("acme"), nullptr);
  const auto made = save(named("acme"), 0);
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->revision, 1);
  EXPECT_EQ((*made)->created_at, clock_.wall_now());
  EXPECT_EQ(tenants_.find("acme"), *made);
}

TEST_F(TenantsTest, AreNotMadeTwice) {
  ASSERT_TRUE(save(named("acme"), 0));
  const auto again = save(named("acme"), 0);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
}

TEST_F(TenantsTest, ChangeOnlyAtTheRevisionThatWasSeen) {
  domain::Tenant tenant = **save(named("acme"), 0);
  clock_.advance(std::chrono::seconds(5));
  tenant.display_name = "Acme";
  const auto changed = save(tenant, 1);
  ASSERT_TRUE(changed);
  EXPECT_EQ((*changed)->revision, 2);
  EXPECT_EQ((*changed)->updated_at - (*changed)->created_at, std::chrono::seconds(5));
  tenant.display_name = "lost";
  const auto stale = save(tenant, 1);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(tenants_.find("acme")->display_name, "Acme");
}

TEST_F(TenantsTest, AreGoneWhenRemoved) {
  const TenantPtr tenant = *save(named("acme"), 0);
  EXPECT_EQ(remove(tenant, 9).error().kind, ErrorKind::precondition_failed);
  EXPECT_NE(tenants_.find("acme"), nullptr);
  EXPECT_TRUE(remove(tenant, 1));
  EXPECT_EQ(tenants_.find("acme"), nullptr);
  const auto again = save(named("acme"), 0);
  ASSERT_TRUE(again);
  EXPECT_NE((*again)->key, tenant->key);
}

TEST_F(TenantsTest, AreListedInOrderOfTheirNames) {
  for (const std::string name : {"b", "a", "d", "c"}) ASSERT_TRUE(save(named(name), 0));
  const auto names = [&](std::string_view after, std::size_t limit) {
    std::string all;
    for (const auto& tenant : tenants_.list(after, limit)) all += tenant->name;
    return all;
  };
  EXPECT_EQ(names("", 10), "abcd");
  EXPECT_EQ(names("", 2), "ab");
  EXPECT_EQ(names("b", 2), "cd");
  EXPECT_EQ(names("d", 2), "");
}

}  // namespace
}  // namespace posthorn::access
