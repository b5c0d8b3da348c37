#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

std::string words_of(const std::vector<domain::Automation>& automations) {
  std::string words;
  for (const auto& one : automations) {
    words += one.name + " " + std::to_string(one.revision) + " " + domain::encode_automation(one.settings) + " " +
             to_rfc3339(one.created_at) + " " + to_rfc3339(one.updated_at) + "\n";
  }
  return words;
}

TEST_P(StoreConformance, KeepsAutomations) {
  const auto tenant = bench_->make_tenant("one");
  const auto other = bench_->make_tenant("two");
  const auto automation = bench_->automation(tenant.key, "a");
  const auto namesake = bench_->automation(other.key, "a");
  ASSERT_TRUE(bench_->save(automation));
  ASSERT_TRUE(bench_->save(namesake));
  EXPECT_EQ(bench_->save(bench_->automation(tenant.key, "a")).error().code, "name_taken");
  if (GetParam().durable) reopen();
  EXPECT_EQ(words_of(bench_->catalogue().automations), words_of({automation, namesake}));
}

TEST_P(StoreConformance, GuardsAutomationsByTheirRevision) {
  const auto tenant = bench_->make_tenant();
  auto automation = bench_->automation(tenant.key, "a");
  EXPECT_EQ(bench_->save(automation, 3).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(bench_->save(automation));
  EXPECT_EQ(bench_->save(automation).error().kind, ErrorKind::conflict);
  automation.settings.enabled = false;
  automation.updated_at += Milliseconds(5);
  EXPECT_EQ(bench_->save(automation, 2).error().kind, ErrorKind::precondition_failed);
  const auto saved = bench_->save(automation, 1);
  ASSERT_TRUE(saved);
  automation.revision = saved->revision;
  EXPECT_EQ(automation.revision, 2);
  EXPECT_EQ(words_of(bench_->catalogue().automations), words_of({automation}));
  EXPECT_EQ(bench_->remove(automation.key, 1).error().kind, ErrorKind::precondition_failed);
  ASSERT_TRUE(bench_->remove(automation.key, 2));
  EXPECT_TRUE(bench_->catalogue().automations.empty());
  EXPECT_EQ(bench_->remove(automation.key).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, ForgetsTheAutomationsOfADeletedTenant) {
  const auto tenant = bench_->make_tenant();
  ASSERT_TRUE(bench_->save(bench_->automation(tenant.key, "a")));
  ASSERT_TRUE(bench_->remove(tenant.key));
  EXPECT_TRUE(bench_->catalogue().automations.empty());
  EXPECT_EQ(bench_->save(bench_->automation(tenant.key, "b")).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, WritesDerivedEventsWithTheirCause) {
  const auto tenant = bench_->make_tenant();
  const auto subscription = bench_->make_subscription(tenant.key);
  const auto derived = bench_->event(tenant.key, "derived");
  auto cause = bench_->new_event(bench_->event(tenant.key), {subscription});
  cause.derived = {bench_->new_event(derived, {subscription, bench_->make_subscription(tenant.key)})};
  cause.derived[0].matched = 3;
  cause.idempotency = Idempotency{"key"};
  ASSERT_TRUE(bench_->accept(cause));
  if (GetParam().durable) reopen();
  const auto found = bench_->find(tenant.key, derived.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->event, derived);
  EXPECT_EQ(bench_->pending(subscription.id.key).size(), 2U);
  ASSERT_EQ(bench_->fanouts().size(), 1U);
  EXPECT_EQ(bench_->fanouts()[0].event->id, derived.id);
}

TEST_P(StoreConformance, WritesNoDerivedEventsOfWhatIsNotWritten) {
  const auto tenant = bench_->make_tenant();
  auto first = bench_->new_event(bench_->event(tenant.key), {});
  first.idempotency = Idempotency{"key"};
  ASSERT_TRUE(bench_->accept(first));
  const auto derived = bench_->event(tenant.key, "derived");
  auto again = bench_->new_event(bench_->event(tenant.key), {});
  again.idempotency = Idempotency{"key"};
  again.derived = {bench_->new_event(derived, {})};
  const auto replayed = bench_->accept(again);
  ASSERT_TRUE(replayed);
  EXPECT_TRUE(replayed->replayed);
  EXPECT_FALSE(bench_->find(tenant.key, derived.id));
  again.idempotency = Idempotency{"other"};
  ASSERT_TRUE(bench_->accept(again));
  EXPECT_TRUE(bench_->find(tenant.key, derived.id));
}

}  // namespace
}  // namespace posthorn::store::conformance
