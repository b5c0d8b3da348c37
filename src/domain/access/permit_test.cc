#include "domain/access/permit.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "domain/access/name.h"

namespace posthorn::domain {
namespace {

constexpr TenantKey kMine{7};
constexpr TenantKey kOther{8};
constexpr SubscriptionKey kGranted{100};
constexpr SubscriptionKey kNotGranted{101};

std::vector<Action> all_actions() {
  std::vector<Action> all;
  for (std::size_t i = 0; i < kActionCount; ++i) all.push_back(static_cast<Action>(i));
  return all;
}

Principal with(Roles roles, TenantKey tenant = kMine) {
  Principal principal;
  principal.tenant = tenant;
  principal.roles = roles;
  principal.grants = std::make_shared<const Grants>(std::vector<SubscriptionKey>{kGranted});
  return principal;
}

// What the role may do in its tenant, without a single object.
std::set<std::string> allowed_to(Roles roles, Permission wanted = Permission::allowed) {
  std::set<std::string> names;
  for (const Action action : all_actions()) {
    if (permit(with(roles), action, {kMine, {}}) == wanted) names.emplace(to_text(action));
  }
  return names;
}

TEST(Permit, LetsTheServersAdministratorDoEverythingInEveryTenant) {
  const Principal admin = with({Role::admin}, TenantKey());
  for (const Action action : all_actions()) {
    EXPECT_EQ(permit(admin, action, {}), Permission::allowed) << to_text(action);
    EXPECT_EQ(permit(admin, action, {kMine, kNotGranted}), Permission::allowed) << to_text(action);
  }
}

TEST(Permit, KeepsATenantsAdministratorFromWhatIsTheServers) {
  const Principal admin = with({Role::admin});
  const std::set<Action> servers{Action::delete_tenants, Action::erase_tenant, Action::read_operations};
  for (const Action action : all_actions()) {
    EXPECT_EQ(permit(admin, action, {kMine, {}}), servers.contains(action) ? Permission::denied : Permission::allowed)
        << to_text(action);
    EXPECT_EQ(permit(admin, action, {}), Permission::hidden) << to_text(action);
  }
}

TEST(Permit, HidesOtherTenantsFromEveryRole) {
  for (const Role role : kRoles) {
    for (const Action action : all_actions()) {
      EXPECT_EQ(permit(with({role}), action, {kOther, {}}), Permission::hidden) << to_text(role) << ' ' << to_text(action);
      EXPECT_EQ(permit(with({role}), action, {kOther, kGranted}), Permission::hidden);
    }
  }
}

TEST(Permit, AllowsNothingWithoutARole) {
  for (const Action action : all_actions()) {
    EXPECT_EQ(permit(with({}), action, {kMine, {}}), Permission::denied);
    EXPECT_EQ(permit(with({}), action, {kMine, kGranted}), Permission::denied);
    EXPECT_EQ(permit(with({}, TenantKey()), action, {}), Permission::denied);
  }
}

TEST(Permit, GivesEachRoleItsOwn) {
  EXPECT_EQ(allowed_to({Role::publisher}), (std::set<std::string>{"publish", "trigger_events", "read_tenants", "read_topics"}));
  EXPECT_EQ(allowed_to({Role::worker}), (std::set<std::string>{"poll_subscription", "read_tenants", "read_topics"}));
  EXPECT_EQ(allowed_to({Role::viewer}),
            (std::set<std::string>{"read_tenants", "read_topics", "read_subscriptions", "read_events", "read_deliveries",
                                   "read_automations", "read_jobs", "read_statistics"}));
  EXPECT_EQ(allowed_to({Role::webhook_admin}),
            (std::set<std::string>{"read_tenants", "read_topics", "write_topics", "read_subscriptions", "create_subscriptions",
                                   "write_subscriptions", "delete_subscriptions", "test_subscriptions", "rotate_secrets",
                                   "poll_subscription", "trigger_events", "read_events", "read_deliveries", "write_deliveries",
                                   "read_automations", "write_automations", "read_jobs", "write_jobs", "read_statistics"}));
  EXPECT_EQ(allowed_to({Role::webhook_user}), (std::set<std::string>{"read_tenants", "read_topics"}));
}

TEST(Permit, LetsAServerWideViewerReadTheMetrics) {
  EXPECT_EQ(permit(with({Role::viewer}, TenantKey()), Action::read_operations, {}), Permission::allowed);
  EXPECT_EQ(permit(with({Role::publisher}, TenantKey()), Action::read_operations, {}), Permission::denied);
}

TEST(Permit, LetsRolesAddUp) {
  auto both = allowed_to({Role::publisher, Role::viewer});
  std::set<std::string> sum = allowed_to({Role::publisher});
  sum.merge(allowed_to({Role::viewer}));
  EXPECT_EQ(both, sum);
}

TEST(Permit, ShowsAWebhookUserOnlyWhatIsGranted) {
  const Principal user = with({Role::webhook_user});
  const std::set<std::string> filtered = allowed_to({Role::webhook_user}, Permission::only_granted);
  EXPECT_EQ(filtered, (std::set<std::string>{"read_subscriptions", "write_subscriptions", "delete_subscriptions",
                                             "test_subscriptions", "rotate_secrets", "poll_subscription", "read_deliveries",
                                             "write_deliveries", "read_statistics"}));
  for (const Action action : all_actions()) {
    const std::string name(to_text(action));
    if (permit(with({Role::admin}), action, {kMine, {}}) == Permission::denied) continue;  // the server's own
    const bool everywhere = action == Action::read_tenants || action == Action::read_topics;
    const Permission on_granted = everywhere || filtered.contains(name) ? Permission::allowed : Permission::denied;
    EXPECT_EQ(permit(user, action, {kMine, kGranted}), on_granted) << name;
    EXPECT_EQ(permit(user, action, {kMine, kNotGranted}), everywhere ? Permission::allowed : Permission::hidden) << name;
  }
}

TEST(Permit, DeniesRatherThanHidesWhatAnotherRoleShows) {
  const Principal user = with({Role::webhook_user, Role::viewer});
  EXPECT_EQ(permit(user, Action::write_subscriptions, {kMine, kGranted}), Permission::allowed);
  EXPECT_EQ(permit(user, Action::write_subscriptions, {kMine, kNotGranted}), Permission::denied);
  EXPECT_EQ(permit(user, Action::read_subscriptions, {kMine, kNotGranted}), Permission::allowed);
  EXPECT_EQ(permit(user, Action::read_subscriptions, {kMine, {}}), Permission::allowed);
}

TEST(Permit, GrantsNothingByAGrantWithoutTheRole) {
  EXPECT_EQ(permit(with({Role::publisher}), Action::read_subscriptions, {kMine, kGranted}), Permission::denied);
  Principal user = with({Role::webhook_user});
  user.grants = nullptr;
  EXPECT_EQ(permit(user, Action::read_subscriptions, {kMine, kGranted}), Permission::hidden);
}

TEST(Actions, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Action action : all_actions()) names.insert(to_text(action));
  EXPECT_EQ(names.size(), kActionCount);
  EXPECT_EQ(to_text(Action::read_operations), "read_operations");
  EXPECT_EQ(to_text(Action::publish), "publish");
  EXPECT_EQ(to_text(Action::write_access), "write_access");
}

TEST(Actions, ThatReadAreNoChanges) {
  for (const Action action : all_actions()) {
    const bool reads = to_text(action).starts_with("read_");
    const bool writes = to_text(action).starts_with("write_");
    EXPECT_FALSE(reads && is_change(action)) << to_text(action);
    EXPECT_FALSE(writes && !is_change(action)) << to_text(action);
  }
  EXPECT_FALSE(is_change(Action::publish));
}

TEST(Roles, AreReadAndWrittenByName) {
  for (const Role role : kRoles) EXPECT_EQ(parse_role(to_text(role)), role);
  for (const std::string_view text : {"", "Admin", "root", "admin "}) EXPECT_FALSE(parse_role(text)) << text;
  EXPECT_EQ(to_text(Roles{Role::viewer, Role::admin}), "admin viewer");
  EXPECT_EQ(to_text(Roles()), "");
  for (const Role role : kRoles) EXPECT_TRUE(Roles::of_bits(0xffffffff).has(role));
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
