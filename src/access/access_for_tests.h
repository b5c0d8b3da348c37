// AccessFixture (tests only): a store in memory, a loop, a clock, and the parts that access needs.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "access/access.h"
#include "access/tenants.h"
#include "base/clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "net/loop.h"
#include "store/sqlite/sqlite_store.h"

namespace posthorn::access {

class AccessFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    store::sqlite::SqliteOptions options;
    options.place = store::sqlite::SqliteOptions::Place::memory;
    store_ = std::move(store::sqlite::open_sqlite(options, clock_)).value();
    loop_.start();
    run([this]() -> net::Task<> {
      session_ = store_->open_session(loop_);
      co_return;
    });
  }
  void TearDown() override {
    run([this]() -> net::Task<> {
      session_.reset();
      co_return;
    });
    store_->stop();
    loop_.stop();
  }

  void run(UniqueFunction<net::Task<void>()> task) { net::run_on(loop_, std::move(task)); }

  store::AccessRows load() {
    store::AccessRows rows;
    run([&]() -> net::Task<> {
      auto loaded = co_await net::until<Result<store::AccessRows>>([&](auto done) { session_->load_access(std::move(done)); });
      rows = std::move(loaded).value();
    });
    return rows;
  }
  TenantPtr make_tenant(const std::string& name) {
    TenantPtr made;
    run([&]() -> net::Task<> {
      domain::Tenant tenant;
      tenant.name = name;
      made = std::move(co_await tenants_.save(*session_, std::move(tenant), 0)).value();
    });
    return made;
  }
  Accounts::Made make(Accounts& accounts, domain::AccountKind kind, TenantKey tenant, domain::Roles roles,
                      std::optional<Timestamp> expires = std::nullopt) {
    Accounts::Made made;
    run([&]() -> net::Task<> {
      domain::Account account;
      account.kind = kind;
      account.tenant = tenant;
      account.name = "name";
      account.roles = roles;
      account.expires = expires;
      made = std::move(co_await accounts.make(*session_, std::move(account), store::Author())).value();
    });
    return made;
  }

  ManualClock clock_;
  IdSource ids_{clock_, 3};
  crypto::Sealer sealer_{{{1, std::string(32, 'k')}}};
  net::Loop loop_{"access-test"};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Session> session_;
  Tenants tenants_{clock_, ids_};
};

}  // namespace posthorn::access
