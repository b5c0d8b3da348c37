// Who may do what: one pure function. Every route declares its Action; every call asks permit() once, and once more for each
// single object that a list or an indirect call would show.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "domain/access/principal.h"

namespace posthorn::domain {

// What a call does. "server" marks what concerns the server as a whole.
enum class Action : std::uint8_t {
  read_tenants,
  write_tenants,   // makes one (about the server), or changes one that is there
  delete_tenants,  // server
  export_tenant,
  erase_tenant,  // server
  read_topics,   // and scopes
  write_topics,  // and scopes
  read_subscriptions,
  create_subscriptions,
  write_subscriptions,  // changes one that is there
  delete_subscriptions,
  test_subscriptions,  // test delivery, test of predicates and transformations
  rotate_secrets,
  poll_subscription,  // reads and acknowledges a subscription of kind poll
  publish,
  trigger_events,  // a test event by hand, a dry run
  read_events,
  expunge_events,
  read_deliveries,
  write_deliveries,  // resend, cancel
  read_automations,
  write_automations,
  read_jobs,
  write_jobs,  // recovery in bulk: start, pause, cancel
  read_statistics,
  read_access,   // clients, keys, grants, issuers
  write_access,  // the same
  read_audit,
  read_operations,  // server: metrics, health details
};
inline constexpr std::size_t kActionCount = static_cast<std::size_t>(Action::read_operations) + 1;

std::string_view to_text(Action action);  // as its name above: for the audit log

// Whether the action changes what is configured: such calls leave an entry in the audit log.
bool is_change(Action action);

// What the action is about; the tenant is 0 for the server as a whole, the subscription 0 when it is about no single one.
struct Object {
  TenantKey tenant;
  SubscriptionKey subscription;
};

enum class Permission : std::uint8_t {
  allowed,
  only_granted,  // asked without a single object: allowed for the granted ones; the asker must leave out all others
  denied,        // 403: the principal sees the object but may not do this
  hidden,        // 404: another tenant's, or not granted; to this principal it does not exist
};

Permission permit(const Principal& principal, Action action, const Object& object);

}  // namespace posthorn::domain
