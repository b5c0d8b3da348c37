#include "domain/access/permit.h"

#include <gtest/gtest.h>

#include "domain/access/name.h"

namespace posthorn::domain {
namespace {

TEST(Permit, LetsTheAdministratorDoEverythingInEveryTenant) {
  const Principal admin{"admin", Role::admin};
  for (const Action action : {Action::read_tenants, Action::write_tenants, Action::read_topics, Action::write_topics,
                              Action::read_subscriptions, Action::write_subscriptions, Action::publish, Action::read_events,
                              Action::read_deliveries, Action::write_deliveries, Action::read_operations}) {
    EXPECT_EQ(permit(admin, action, {}), Permission::allowed);
    EXPECT_EQ(permit(admin, action, {TenantKey{7}, SubscriptionKey{9}}), Permission::allowed);
  }
}

TEST(CheckName, AcceptsPlainNamesAndRefusesWhatWouldBeUnsafeInUrlsAndLogs) {
  for (const std::string& name :
       std::vector<std::string>{"a", "default", "Acme-1", "eu.west:7", "0_0", std::string(128, 'x')}) {
    EXPECT_TRUE(check_name(name, "tenant")) << name;
  }
  const std::string with_nul("a\0b", 3);
  for (const std::string& name : std::vector<std::string>{"", ".", "..", "-a", "_a", "a b", "a/b", "a%2Fb", "a\nb", "é",
                                                          with_nul, std::string(129, 'x')}) {
    const auto checked = check_name(name, "tenant");
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid_argument);
    EXPECT_EQ(checked.error().field, "tenant");
  }
}

}  // namespace
}  // namespace posthorn::domain
