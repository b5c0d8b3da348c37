#include "domain/access/role.h"

namespace posthorn::domain {

std::string_view to_text(Role role) {
  switch (role) {
    case Role::admin:
      return "admin";
    case Role::webhook_admin:
      return "webhook_admin";
    case Role::webhook_user:
      return "webhook_user";
    case Role::publisher:
      return "publisher";
    case Role::worker:
      return "worker";
    case Role::viewer:
      return "viewer";
  }
  return "";
}

std::string_view role_names() { return "admin, webhook_admin, webhook_user, publisher, worker, viewer"; }

std::optional<Role> parse_role(std::string_view text) {
  for (const Role role : kRoles) {
    if (to_text(role) == text) return role;
  }
  return std::nullopt;
}

std::string to_text(Roles roles) {
  std::string text;
  for (const Role role : kRoles) {
    if (!roles.has(role)) continue;
    if (!text.empty()) text += ' ';
    text += to_text(role);
  }
  return text;
}

}  // namespace posthorn::domain
