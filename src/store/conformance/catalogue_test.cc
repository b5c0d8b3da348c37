#include <gtest/gtest.h>

#include <algorithm>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

TEST_P(StoreConformance, KeepsEveryFieldOfTheCatalogue) {
  auto tenant = bench_->tenant("acme");
  ASSERT_TRUE(bench_->save(tenant));
  const auto topic = bench_->topic(tenant.key, "document.created");
  ASSERT_TRUE(bench_->save(topic));
  const auto scope = bench_->scope(tenant.key, "north");
  ASSERT_TRUE(bench_->save(scope));
  auto subscription = bench_->subscription(tenant.key);
  subscription.settings.headers = {{"x-one", "1"}};
  subscription.settings.scope = "north";
  subscription.settings.uid = "crm";
  subscription.disabled_reason = "gone";
  const auto saved = bench_->save(subscription);
  ASSERT_TRUE(saved);
  subscription.number = saved->number;
  EXPECT_EQ(subscription.number, 1);
  Credential credential{"admin", {}, bench_->now()};
  credential.key_hash.fill(0xa5);
  ASSERT_TRUE(bench_->save(credential));

  if (GetParam().durable) reopen();
  const Catalogue found = bench_->catalogue();
  EXPECT_EQ(found.tenants, std::vector{tenant});
  EXPECT_EQ(found.topics, std::vector{topic});
  EXPECT_EQ(found.scopes, std::vector{scope});
  EXPECT_EQ(found.subscriptions, std::vector{subscription});
  ASSERT_EQ(found.credentials.size(), 1U);
  EXPECT_EQ(found.credentials[0].name, "admin");
  EXPECT_EQ(found.credentials[0].key_hash, credential.key_hash);
  EXPECT_EQ(found.credentials[0].created_at, credential.created_at);
}

TEST_P(StoreConformance, ReplacesTheCredentialOfTheSameName) {
  Credential credential{"admin", {}, bench_->now()};
  ASSERT_TRUE(bench_->save(credential));
  credential.key_hash.fill(7);
  ASSERT_TRUE(bench_->save(credential));
  ASSERT_TRUE(bench_->save(Credential{"other", {}, bench_->now()}));
  const auto found = bench_->catalogue().credentials;
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key_hash, credential.key_hash);
}

// The rules that save_* and delete_* share, once for each kind of row.
template <class Row, class Key>
void expect_revisions_guard(Bench& bench, Row row, Key key, std::function<void(Row&)> change,
                            std::function<std::vector<Row>(const Catalogue&)> rows) {
  EXPECT_EQ(bench.save(row, 3).error().kind, ErrorKind::not_found) << "a change of what does not exist";
  auto saved = bench.save(row);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->revision, 1);
  EXPECT_EQ(bench.save(row).error().kind, ErrorKind::conflict) << "made twice";

  change(row);
  EXPECT_EQ(bench.save(row, 2).error().kind, ErrorKind::precondition_failed);
  saved = bench.save(row, 1);
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->revision, 2);
  row.revision = 2;
  EXPECT_EQ(rows(bench.catalogue()), std::vector{row});

  EXPECT_EQ(bench.remove(key, 1).error().kind, ErrorKind::precondition_failed);
  ASSERT_TRUE(bench.remove(key, 2));
  EXPECT_TRUE(rows(bench.catalogue()).empty());
  EXPECT_EQ(bench.remove(key).error().kind, ErrorKind::not_found);
  EXPECT_EQ(bench.save(row, 2).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, GuardsTenantsByTheirRevision) {
  const auto tenant = bench_->tenant("acme");
  expect_revisions_guard<domain::Tenant>(
      *bench_, tenant, tenant.key,
      [](domain::Tenant& changed) {
        changed.name = "acme2";
        changed.display_name = "Other";
        changed.webhooks_enabled = false;
        changed.settings = "{}";
        changed.updated_at += Milliseconds(5);
      },
      [](const Catalogue& catalogue) { return catalogue.tenants; });
}

TEST_P(StoreConformance, GuardsTopicsByTheirRevision) {
  const auto tenant = bench_->make_tenant();
  const auto topic = bench_->topic(tenant.key, "a.b");
  expect_revisions_guard<domain::Topic>(
      *bench_, topic, topic.key,
      [](domain::Topic& changed) {
        changed.description = "other";
        changed.schema = "";
        changed.example = "";
        changed.updated_at += Milliseconds(5);
      },
      [](const Catalogue& catalogue) { return catalogue.topics; });
}

TEST_P(StoreConformance, GuardsScopesByTheirRevision) {
  const auto tenant = bench_->make_tenant();
  const auto scope = bench_->scope(tenant.key, "north");
  expect_revisions_guard<domain::Scope>(
      *bench_, scope, scope.key,
      [](domain::Scope& changed) {
        changed.display_name = "other";
        changed.updated_at += Milliseconds(5);
      },
      [](const Catalogue& catalogue) { return catalogue.scopes; });
}

TEST_P(StoreConformance, GuardsSubscriptionsByTheirRevision) {
  const auto tenant = bench_->make_tenant();
  auto subscription = bench_->subscription(tenant.key);
  subscription.number = 1;  // what the store gives a tenant's first
  expect_revisions_guard<domain::Subscription>(
      *bench_, subscription, subscription.id.key,
      [](domain::Subscription& changed) {
        changed.settings.url = "https://example.org/other";
        changed.settings.enabled = false;
        changed.sealed_secret = "new";
        changed.disabled_reason = "why";
        changed.updated_at += Milliseconds(5);
      },
      [](const Catalogue& catalogue) { return catalogue.subscriptions; });
}

TEST_P(StoreConformance, NumbersTheSubscriptionsOfATenantAndNeverTwiceTheSame) {
  const auto one = bench_->make_tenant("one");
  const auto two = bench_->make_tenant("two");
  const auto number_of_new = [&](TenantKey tenant) { return bench_->save(bench_->subscription(tenant))->number; };
  EXPECT_EQ(number_of_new(one.key), 1);
  const auto second = bench_->subscription(one.key);
  EXPECT_EQ(bench_->save(second)->number, 2);
  EXPECT_EQ(number_of_new(two.key), 1);
  EXPECT_EQ(bench_->save(second, 1)->number, 2);
  ASSERT_TRUE(bench_->remove(second.id.key));
  EXPECT_EQ(number_of_new(one.key), 3);
}

TEST_P(StoreConformance, KeepsUidsUniqueAmongTheLivingSubscriptionsOfATenant) {
  const auto one = bench_->make_tenant("one");
  const auto two = bench_->make_tenant("two");
  const auto with_uid = [&](TenantKey tenant) {
    auto subscription = bench_->subscription(tenant);
    subscription.settings.uid = "crm";
    return subscription;
  };
  const auto first = with_uid(one.key);
  ASSERT_TRUE(bench_->save(first));
  EXPECT_TRUE(bench_->save(first, 1));
  EXPECT_TRUE(bench_->save(with_uid(two.key)));
  const auto refused = bench_->save(with_uid(one.key));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(refused.error().field, "uid");
  auto other = bench_->make_subscription(one.key);
  other.settings.uid = "crm";
  EXPECT_EQ(bench_->save(other, 1).error().code, "uid_taken");
  ASSERT_TRUE(bench_->remove(first.id.key));
  EXPECT_TRUE(bench_->save(other, 1));
}

TEST_P(StoreConformance, KeepsNamesUniqueWithinTheirTenant) {
  const auto one = bench_->make_tenant("one");
  const auto two = bench_->make_tenant("two");
  const auto same_name = bench_->save(bench_->tenant("one"));
  EXPECT_EQ(same_name.error().kind, ErrorKind::conflict);
  EXPECT_EQ(same_name.error().field, "name");
  auto renamed = two;
  renamed.name = "one";
  EXPECT_EQ(bench_->save(renamed, 1).error().kind, ErrorKind::conflict);

  ASSERT_TRUE(bench_->save(bench_->topic(one.key, "a.b")));
  EXPECT_EQ(bench_->save(bench_->topic(one.key, "a.b")).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(bench_->save(bench_->topic(two.key, "a.b")));
  ASSERT_TRUE(bench_->save(bench_->scope(one.key, "north")));
  EXPECT_EQ(bench_->save(bench_->scope(one.key, "north")).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(bench_->save(bench_->scope(two.key, "north")));
}

TEST_P(StoreConformance, ChangesNothingOfAnotherTenant) {
  const auto one = bench_->make_tenant("one");
  const auto two = bench_->make_tenant("two");
  auto topic = bench_->topic(one.key, "a.b");
  ASSERT_TRUE(bench_->save(topic));
  topic.tenant = two.key;
  EXPECT_EQ(bench_->save(topic, 1).error().kind, ErrorKind::not_found);
  auto subscription = bench_->make_subscription(one.key);
  subscription.tenant = two.key;
  EXPECT_EQ(bench_->save(subscription, 1).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, ADeletedTenantIsGoneFromEveryReadAtOnce) {
  const auto tenant = bench_->make_tenant();
  ASSERT_TRUE(bench_->save(bench_->topic(tenant.key, "a.b")));
  ASSERT_TRUE(bench_->save(bench_->scope(tenant.key, "north")));
  const auto subscription = bench_->make_subscription(tenant.key);
  auto event = bench_->event(tenant.key);
  event.external_id = "mine";
  auto made = bench_->new_event(event, {subscription});
  made.matched = 2;  // so that there is an unfinished fan-out
  ASSERT_TRUE(bench_->accept(made));
  const auto kept_tenant = bench_->make_tenant("other");
  const auto kept = bench_->make_event(kept_tenant.key, {bench_->make_subscription(kept_tenant.key)});
  ASSERT_EQ(bench_->lanes().size(), 2U);

  ASSERT_TRUE(bench_->remove(tenant.key));
  for (const bool after_restart : {false, true}) {
    if (after_restart && GetParam().durable) reopen();
    const Catalogue catalogue = bench_->catalogue();
    EXPECT_EQ(catalogue.tenants.size(), 1U);
    EXPECT_TRUE(catalogue.topics.empty());
    EXPECT_TRUE(catalogue.scopes.empty());
    EXPECT_EQ(catalogue.subscriptions.size(), 1U);
    EXPECT_FALSE(bench_->find(tenant.key, made.event->id));
    EXPECT_FALSE(bench_->find(tenant.key, std::string("mine")));
    EXPECT_FALSE(bench_->find(tenant.key, made.deliveries[0].id));
    EXPECT_FALSE(bench_->attempts(tenant.key, made.deliveries[0].id));
    EXPECT_TRUE(bench_->list(events_of(tenant.key)).items.empty());
    EXPECT_TRUE(bench_->list(deliveries_of(tenant.key)).items.empty());
    EXPECT_EQ(bench_->lanes().size(), 1U);
    EXPECT_TRUE(bench_->pending(subscription.id.key).empty());
    EXPECT_TRUE(bench_->fanouts().empty());
    EXPECT_EQ(bench_->accept(bench_->new_event(bench_->event(tenant.key), {})).error().kind, ErrorKind::not_found);
    EXPECT_EQ(bench_->save(bench_->topic(tenant.key, "c.d")).error().kind, ErrorKind::not_found);
    EXPECT_EQ(bench_->resend(tenant.key, made.deliveries[0].id).error().kind, ErrorKind::not_found);
    EXPECT_EQ(bench_->cancel(tenant.key, made.deliveries[0].id).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(bench_->find(kept_tenant.key, kept.event->id));
  }
  EXPECT_TRUE(bench_->save(bench_->tenant("acme"))) << "the name is free again";
}

TEST_P(StoreConformance, ADeletedSubscriptionHasNoWorkButItsDeliveriesKeepIt) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto made = bench_->make_event(tenant.key, {subscription});
  ASSERT_TRUE(bench_->remove(subscription.id.key));
  EXPECT_TRUE(bench_->catalogue().subscriptions.empty());
  EXPECT_TRUE(bench_->lanes().empty());
  EXPECT_TRUE(bench_->pending(subscription.id.key).empty());
  const auto delivery = bench_->find(tenant.key, made.deliveries[0].id);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->subscription, subscription.id);
}

TEST_P(StoreConformance, AWriteThatIsRefusedUndoesNothingOfTheOthers) {
  // All in one iteration of the loop, so in one transaction.
  const auto tenant = bench_->tenant("acme");
  int saved = 0;
  int refused = 0;
  const auto count = [&](const auto& result) { result ? ++saved : ++refused; };
  bench_->session->save_tenant({tenant}, count);
  bench_->session->save_tenant({tenant}, count);
  bench_->session->save_topic({bench_->topic(tenant.key, "a.b")}, count);
  bench_->session->save_topic({bench_->topic(tenant.key, "a.b")}, count);
  bench_->session->delete_scope({ScopeKey{1}}, [&](auto result) { result ? ++saved : ++refused; });
  bench_->session->save_topic({bench_->topic(tenant.key, "c.d")}, count);
  ASSERT_TRUE(loop_.run_until([&] { return saved + refused == 6; }));
  EXPECT_EQ(saved, 3);
  EXPECT_EQ(bench_->catalogue().topics.size(), 2U);
}

TEST_P(StoreConformance, AppliesASessionsWritesInTheOrderOfItsCalls) {
  const auto tenant = bench_->make_tenant();
  auto topic = bench_->topic(tenant.key, "a.b");
  std::vector<std::int64_t> revisions;
  bench_->session->save_topic({topic, 0}, [&](auto saved) { revisions.push_back(saved.value().revision); });
  for (std::int64_t expected = 1; expected < 50; ++expected) {
    bench_->session->save_topic({topic, expected}, [&](auto saved) { revisions.push_back(saved.value().revision); });
  }
  ASSERT_TRUE(loop_.run_until([&] { return revisions.size() == 50; }));
  EXPECT_TRUE(std::ranges::is_sorted(revisions));
  EXPECT_EQ(revisions.back(), 50);
}

TEST_P(StoreConformance, TellsTheLargestKeyInUse) {
  EXPECT_EQ(store_->largest_key(), 0);
  const auto tenant = bench_->make_tenant();
  EXPECT_EQ(store_->largest_key(), tenant.key.value);
  const auto subscription = bench_->make_subscription(tenant.key);
  EXPECT_EQ(store_->largest_key(), subscription.id.key.value);
  const auto made = bench_->make_event(tenant.key, {subscription});
  EXPECT_EQ(store_->largest_key(), made.deliveries[0].id.key.value);
  const auto topic = bench_->topic(tenant.key, "a.b");
  ASSERT_TRUE(bench_->save(topic));
  EXPECT_EQ(store_->largest_key(), topic.key.value);
  const auto scope = bench_->scope(tenant.key, "north");
  ASSERT_TRUE(bench_->save(scope));
  EXPECT_EQ(store_->largest_key(), scope.key.value);
}

TEST_P(StoreConformance, IsHealthyAndMeasuresItself) {
  bench_->make_tenant();
  EXPECT_EQ(store_->health().state, Health::State::ok);
  EXPECT_EQ(store_->health().reason, "");
  const Measures measures = store_->measures();
  EXPECT_GE(measures.transactions, 1U);
  EXPECT_GE(measures.operations, 1U);
  EXPECT_EQ(measures.queued, 0U);
  if (GetParam().durable) {
    EXPECT_GT(measures.data_bytes, 0U);
    EXPECT_GT(measures.wal_bytes, 0U);
  }
}

TEST_P(StoreConformance, CompletesNothingOfAClosedSession) {
  const auto tenant = bench_->make_tenant();
  {
    const auto session = store_->open_session(loop_);
    session->save_topic({bench_->topic(tenant.key, "a.b")}, [](auto) { FAIL(); });
    session->load_catalogue([](auto) { FAIL(); });
  }
  loop_.run_queued();
  EXPECT_EQ(bench_->catalogue().topics.size(), 1U) << "what was handed over is written all the same";
}

TEST_P(StoreConformance, RefusesWritesAfterStop) {
  store_->stop();
  store_->stop();
  EXPECT_EQ(bench_->save(bench_->tenant("acme")).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace posthorn::store::conformance
