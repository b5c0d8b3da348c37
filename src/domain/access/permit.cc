#include "domain/access/permit.h"

#include <array>

#include "base/check.h"

namespace posthorn::domain {
namespace {

static_assert(kActionCount <= 64);

class Actions {
 public:
  constexpr Actions(std::initializer_list<Action> actions) {
    for (const Action action : actions) bits_ |= bit(action);
  }
  constexpr bool has(Action action) const { return (bits_ & bit(action)) != 0; }
  constexpr Actions with(Actions other) const {
    Actions all = *this;
    all.bits_ |= other.bits_;
    return all;
  }

 private:
  static constexpr std::uint64_t bit(Action action) { return std::uint64_t{1} << static_cast<unsigned>(action); }
  std::uint64_t bits_ = 0;
};

// Whoever has any role in a tenant may look up what the tenant is and which topics it has.
constexpr Actions kEverybody{Action::read_tenants, Action::read_topics};

constexpr Actions kViewer =
    kEverybody.with({Action::read_subscriptions, Action::read_events, Action::read_deliveries, Action::read_automations,
                     Action::read_jobs, Action::read_statistics, Action::read_operations});

constexpr Actions kWebhookAdmin = kEverybody.with(
    {Action::write_topics, Action::read_subscriptions, Action::create_subscriptions, Action::write_subscriptions,
     Action::delete_subscriptions, Action::test_subscriptions, Action::rotate_secrets, Action::poll_subscription,
     Action::trigger_events, Action::read_events, Action::read_deliveries, Action::write_deliveries, Action::read_automations,
     Action::write_automations, Action::read_jobs, Action::write_jobs, Action::read_statistics});

constexpr Actions kPublisher = kEverybody.with({Action::publish, Action::trigger_events});
constexpr Actions kWorker = kEverybody.with({Action::poll_subscription});

// What a grant of a subscription allows a webhook_user to do with it.
constexpr Actions kGranted{Action::read_subscriptions, Action::write_subscriptions, Action::delete_subscriptions,
                           Action::test_subscriptions, Action::rotate_secrets,      Action::poll_subscription,
                           Action::read_deliveries,    Action::write_deliveries,    Action::read_statistics};

constexpr Actions kServer{Action::delete_tenants, Action::erase_tenant, Action::read_operations};

constexpr Actions kChanges{Action::write_tenants,        Action::delete_tenants,       Action::erase_tenant,
                           Action::write_topics,         Action::create_subscriptions, Action::write_subscriptions,
                           Action::delete_subscriptions, Action::rotate_secrets,       Action::expunge_events,
                           Action::write_deliveries,     Action::write_automations,    Action::write_jobs,
                           Action::write_access};

bool may_everywhere(Roles roles, Action action) {
  return roles.has(Role::admin) || (roles.has(Role::webhook_admin) && kWebhookAdmin.has(action)) ||
         (roles.has(Role::publisher) && kPublisher.has(action)) || (roles.has(Role::worker) && kWorker.has(action)) ||
         (roles.has(Role::viewer) && kViewer.has(action)) || (roles.has(Role::webhook_user) && kEverybody.has(action));
}

}  // namespace

Permission permit(const Principal& principal, Action action, const Object& object) {
  if (principal.tenant) {
    if (object.tenant != principal.tenant) return Permission::hidden;
    if (kServer.has(action)) return Permission::denied;
  }
  if (may_everywhere(principal.roles, action)) return Permission::allowed;
  if (!principal.roles.has(Role::webhook_user)) return Permission::denied;
  const bool granted = object.subscription && principal.grants && principal.grants->has(object.subscription);
  // What is neither granted nor seen by another role does not exist, whatever is tried on it.
  if (object.subscription && !granted && !may_everywhere(principal.roles, Action::read_subscriptions)) {
    return Permission::hidden;
  }
  if (!kGranted.has(action)) return Permission::denied;
  if (!object.subscription) return Permission::only_granted;
  return granted ? Permission::allowed : Permission::denied;
}

bool is_change(Action action) { return kChanges.has(action); }

std::string_view to_text(Action action) {
  static constexpr std::array<std::string_view, kActionCount> kNames{
      "read_tenants",         "write_tenants",      "delete_tenants",     "export_tenant",        "erase_tenant",
      "read_topics",          "write_topics",       "read_subscriptions", "create_subscriptions", "write_subscriptions",
      "delete_subscriptions", "test_subscriptions", "rotate_secrets",     "poll_subscription",    "publish",
      "trigger_events",       "read_events",        "expunge_events",     "read_deliveries",      "write_deliveries",
      "read_automations",     "write_automations",  "read_jobs",          "write_jobs",           "read_statistics",
      "read_access",          "write_access",       "read_audit",         "read_operations"};
  const auto index = static_cast<std::size_t>(action);
  POSTHORN_CHECK(index < kNames.size());
  return kNames[index];
}

std::string_view to_text(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::administrator:
      return "administrator";
    case PrincipalKind::client:
      return "client";
    case PrincipalKind::key:
      return "key";
    case PrincipalKind::outside:
      return "outside";
  }
  return "";
}

}  // namespace posthorn::domain
