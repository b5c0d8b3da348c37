#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

// The verbs of access, waited for.
struct Verbs {
  Bench& bench;

  template <class T, class Operation>
  Result<T> run(void (AccessSession::*verb)(Operation, Done<T>), Operation operation) {
    return ask<T>(bench.loop, [&](Done<T> done) { (bench.session.get()->*verb)(std::move(operation), std::move(done)); });
  }
  Result<Saved> save(domain::Account account, std::int64_t expected = 0) {
    return run(&AccessSession::save_account, SaveAccount{std::move(account), expected});
  }
  Result<void> remove(AccountKey account, std::int64_t expected = 0) {
    return run(&AccessSession::delete_account, DeleteAccount{account, expected});
  }
  Result<void> save(domain::Grant grant) { return run(&AccessSession::save_grant, SaveGrant{std::move(grant)}); }
  Result<Saved> save(domain::Issuer issuer, std::int64_t expected = 0) {
    return run(&AccessSession::save_issuer, SaveIssuer{std::move(issuer), expected});
  }
  AccessRows rows() {
    return std::move(ask<AccessRows>(bench.loop, [&](Done<AccessRows> done) { bench.session->load_access(std::move(done)); }))
        .value();
  }
  Page<AuditEntry> audit(ListAudit query) { return std::move(run(&AccessSession::list_audit, std::move(query))).value(); }

  domain::Account account(TenantKey tenant, domain::AccountKind kind = domain::AccountKind::client) {
    domain::Account account;
    account.id = bench.ids.next<AccountId>();
    account.kind = kind;
    account.tenant = tenant;
    account.name = "integration";
    account.roles = {domain::Role::publisher, domain::Role::viewer};
    account.secret_hash.fill(0x17);
    account.created_at = account.updated_at = bench.now();
    return account;
  }
  domain::Grant grant(const domain::Account& account, const domain::Subscription& subscription) {
    domain::Grant grant;
    grant.id = bench.ids.next<GrantId>();
    grant.principal = to_text(account.id);
    grant.tenant = subscription.tenant;
    grant.subscription = subscription.id;
    grant.created_at = bench.now();
    return grant;
  }
  domain::Issuer issuer(TenantKey tenant) {
    domain::Issuer issuer;
    issuer.id = bench.ids.next<IssuerId>();
    issuer.tenant = tenant;
    issuer.settings.name = "Entra";
    issuer.settings.issuer = "https://login.example/v2.0";
    issuer.settings.audiences = {"api://posthorn"};
    issuer.settings.jwks_url = "https://login.example/keys";
    issuer.settings.roles_claim = "roles";
    issuer.settings.role_mapping = {{"Admin", domain::Role::webhook_admin}};
    issuer.created_at = issuer.updated_at = bench.now();
    return issuer;
  }
  AuditEntry entry(TenantKey tenant, const std::string& object) {
    Author author;
    author.principal = "p";
    author.name = "n";
    author.kind = "client";
    author.surface = "native";
    author.action = "write_topics";
    author.request_id = "r-1";
    return {bench.ids.next<AuditId>(), tenant, author, "topic", object, "{}", R"({"a":1})"};
  }
};

TEST_P(StoreConformance, KeepsEveryFieldOfWhoMayCall) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  auto client = Verbs{*bench_}.account(tenant.key);
  auto key = Verbs{*bench_}.account({}, domain::AccountKind::key);
  key.expires = bench_->now() + Milliseconds(5);
  key.previous_hash = key.secret_hash;
  key.previous_until = bench_->now();
  const auto grant = Verbs{*bench_}.grant(client, subscription);
  const auto issuer = Verbs{*bench_}.issuer(tenant.key);
  ASSERT_TRUE(Verbs{*bench_}.save(client));
  ASSERT_TRUE(Verbs{*bench_}.save(key));
  ASSERT_TRUE(Verbs{*bench_}.save(grant));
  ASSERT_TRUE(Verbs{*bench_}.save(issuer));
  ASSERT_TRUE((Verbs{*bench_}.run<void, SaveSigningKey>(&AccessSession::save_signing_key,
                                                        SaveSigningKey{{"kid", std::string("\0x", 2), bench_->now()}})));
  ASSERT_TRUE((Verbs{*bench_}.run<void, TouchAccounts>(
      &AccessSession::touch_accounts, TouchAccounts{{{client.id.key, bench_->now()}, {AccountKey{1}, bench_->now()}}})));
  client.last_used = bench_->now();

  if (GetParam().durable) reopen();
  const AccessRows found = Verbs{*bench_}.rows();
  EXPECT_EQ(found.accounts, (std::vector{client, key}));
  EXPECT_EQ(found.grants, std::vector{grant});
  EXPECT_EQ(found.issuers, std::vector{issuer});
  ASSERT_EQ(found.signing_keys.size(), 1u);
  EXPECT_EQ(found.signing_keys[0].id, "kid");
  EXPECT_EQ(found.signing_keys[0].sealed, std::string("\0x", 2));
  EXPECT_GE(store_->largest_key(), issuer.id.key.value);
}

TEST_P(StoreConformance, GuardsAccountsAndIssuersByTheirRevision) {
  Verbs verbs{*bench_};
  const auto tenant = bench_->make_tenant();
  auto account = verbs.account(tenant.key);
  EXPECT_EQ(verbs.save(account, 3).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(verbs.save(account));
  EXPECT_EQ(verbs.save(account).error().kind, ErrorKind::conflict);
  account.roles = {domain::Role::admin};
  account.secret_hash.fill(1);
  EXPECT_EQ(verbs.save(account, 2).error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(verbs.save(account, 1)->revision, 2);
  account.revision = 2;
  EXPECT_EQ(verbs.rows().accounts, std::vector{account});
  EXPECT_EQ(verbs.remove(account.id.key, 1).error().kind, ErrorKind::precondition_failed);
  EXPECT_TRUE(verbs.remove(account.id.key, 2));
  EXPECT_EQ(verbs.remove(account.id.key).error().kind, ErrorKind::not_found);

  auto issuer = verbs.issuer(tenant.key);
  ASSERT_TRUE(verbs.save(issuer));
  issuer.settings.audiences = {"other"};
  EXPECT_EQ(verbs.save(issuer, 7).error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(verbs.save(issuer, 1)->revision, 2);
  issuer.revision = 2;
  EXPECT_EQ(verbs.rows().issuers, std::vector{issuer});
  EXPECT_TRUE((verbs.run<void, DeleteIssuer>(&AccessSession::delete_issuer, DeleteIssuer{issuer.id.key, 2})));
  EXPECT_TRUE(verbs.rows().issuers.empty());
}

TEST_P(StoreConformance, GrantsAnObjectOnceAndForgetsTheGrantWithEitherEnd) {
  Verbs verbs{*bench_};
  const auto tenant = bench_->make_tenant();
  const auto one = bench_->make_subscription(tenant.key);
  const auto two = bench_->make_subscription(tenant.key);
  const auto account = verbs.account(tenant.key);
  const auto other = verbs.account(tenant.key);
  ASSERT_TRUE(verbs.save(account));
  ASSERT_TRUE(verbs.save(other));
  ASSERT_TRUE(verbs.save(verbs.grant(account, one)));
  EXPECT_EQ(verbs.save(verbs.grant(account, one)).error().kind, ErrorKind::conflict);
  ASSERT_TRUE(verbs.save(verbs.grant(account, two)));
  ASSERT_TRUE(verbs.save(verbs.grant(other, two)));

  ASSERT_TRUE(bench_->remove(one.id.key));
  EXPECT_EQ(verbs.rows().grants.size(), 2u);
  EXPECT_EQ(verbs.save(verbs.grant(account, one)).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(verbs.remove(account.id.key));
  const auto left = verbs.rows().grants;
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].principal, to_text(other.id));
  EXPECT_TRUE((verbs.run<void, DeleteGrant>(&AccessSession::delete_grant, DeleteGrant{left[0].id.key})));
  EXPECT_EQ((verbs.run<void, DeleteGrant>(&AccessSession::delete_grant, DeleteGrant{left[0].id.key}).error().kind),
            ErrorKind::not_found);
}

TEST_P(StoreConformance, ForgetsWhoMayCallWithTheTenantButNotTheLog) {
  Verbs verbs{*bench_};
  const auto tenant = bench_->make_tenant("acme");
  const auto other = bench_->make_tenant("other");
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto account = verbs.account(tenant.key);
  const auto kept = verbs.account(other.key);
  ASSERT_TRUE(verbs.save(account));
  ASSERT_TRUE(verbs.save(kept));
  ASSERT_TRUE(verbs.save(verbs.grant(account, subscription)));
  ASSERT_TRUE(verbs.save(verbs.issuer(tenant.key)));
  ASSERT_TRUE((verbs.run<void, RecordAudit>(&AccessSession::record_audit, RecordAudit{verbs.entry(tenant.key, "x")})));
  ASSERT_TRUE(bench_->remove(tenant.key));
  const AccessRows left = verbs.rows();
  EXPECT_EQ(left.accounts, std::vector{kept});
  EXPECT_TRUE(left.grants.empty());
  EXPECT_TRUE(left.issuers.empty());
  EXPECT_EQ(verbs.save(verbs.account(tenant.key)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(verbs.audit({tenant.key, {}, {}, {}}).items.size(), 1u);
}

TEST_P(StoreConformance, WritesTheAuditEntryTogetherWithTheChangeOrNotAtAll) {
  Verbs verbs{*bench_};
  const auto tenant = bench_->make_tenant();
  auto topic = bench_->topic(tenant.key, "document.created");
  SaveTopic write{topic, 0, verbs.entry(tenant.key, topic.name)};
  const auto save = [&] {
    return ask<Saved>(bench_->loop, [&](Done<Saved> done) { bench_->session->save_topic(write, std::move(done)); });
  };
  ASSERT_TRUE(save());
  EXPECT_FALSE(save());
  if (GetParam().durable) reopen();
  const auto page = Verbs{*bench_}.audit({tenant.key, {}, {}, {}});
  ASSERT_EQ(page.items.size(), 1u);
  const AuditEntry& entry = page.items[0];
  EXPECT_EQ(entry.id, write.audit->id);
  EXPECT_EQ(entry.tenant, tenant.key);
  EXPECT_EQ(entry.author.principal, "p");
  EXPECT_EQ(entry.author.name, "n");
  EXPECT_EQ(entry.author.kind, "client");
  EXPECT_EQ(entry.author.surface, "native");
  EXPECT_EQ(entry.author.action, "write_topics");
  EXPECT_EQ(entry.author.request_id, "r-1");
  EXPECT_EQ(entry.object_kind, "topic");
  EXPECT_EQ(entry.object, "document.created");
  EXPECT_EQ(entry.before, "{}");
  EXPECT_EQ(entry.after, R"({"a":1})");
}

TEST_P(StoreConformance, PagesTheAuditLogNewestFirst) {
  Verbs verbs{*bench_};
  const auto tenant = bench_->make_tenant("acme");
  const auto other = bench_->make_tenant("other");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(
        (verbs.run<void, RecordAudit>(&AccessSession::record_audit, RecordAudit{verbs.entry(tenant.key, std::to_string(i))})));
    ASSERT_TRUE((verbs.run<void, RecordAudit>(&AccessSession::record_audit, RecordAudit{verbs.entry(other.key, "o")})));
  }
  std::string seen;
  ListAudit query{tenant.key, {}, {}, {2, 0}};
  for (bool more = true; more;) {
    const auto page = verbs.audit(query);
    for (const auto& entry : page.items) seen += entry.object;
    query.page.cursor = page.next;
    more = page.next != 0;
  }
  EXPECT_EQ(seen, "43210");
  EXPECT_EQ(verbs.audit({{}, {}, {}, {}}).items.size(), 10u);
  EXPECT_EQ(verbs.audit({tenant.key, "topic", "3", {}}).items.size(), 1u);
  EXPECT_TRUE(verbs.audit({tenant.key, "scope", {}, {}}).items.empty());
}

}  // namespace
}  // namespace posthorn::store::conformance
