#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using Kind = ErrorKind;

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
  subscription.disabled_reason = "gone";
  ASSERT_TRUE(bench_->save(subscription));
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

}  // namespace
}  // namespace posthorn::store::conformance
