// Who may do what: one pure function. Every route declares its Action; every call asks permit() once.
// Roles and grants of single objects join here (issue "Access"); today there is the administrator, and nobody.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace posthorn::domain {

enum class Role : std::uint8_t { admin };

struct Principal {
  std::string name;  // for logs and the audit trail
  Role role = Role::admin;
};

enum class Action : std::uint8_t {
  read_tenants,
  write_tenants,
  read_topics,
  write_topics,
  read_subscriptions,
  write_subscriptions,
  publish,
  read_events,
  read_deliveries,
  write_deliveries,
  read_operations,  // metrics and health details
};

// What the action is about; the tenant is 0 for actions on the server as a whole.
struct Object {
  TenantKey tenant;
  SubscriptionKey subscription;
};

enum class Permission : std::uint8_t { allowed, denied };

Permission permit(const Principal& principal, Action action, const Object& object);

}  // namespace posthorn::domain
