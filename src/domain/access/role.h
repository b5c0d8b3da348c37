// Roles: what a principal is for. One principal may have several; each holds within the principal's tenant, or in every tenant
// when the principal has none. permit.h says what each may do.
//
//   admin          everything
//   webhook_admin  all subscriptions of the tenant, its topics, scopes and automations, and what was sent
//   webhook_user   only the subscriptions that are granted to it, and what was sent to them
//   publisher      publishes events
//   worker         takes work by polling
//   viewer         reads, and changes nothing
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace posthorn::domain {

enum class Role : std::uint8_t { admin, webhook_admin, webhook_user, publisher, worker, viewer };
inline constexpr std::array<Role, 6> kRoles{Role::admin,     Role::webhook_admin, Role::webhook_user,
                                            Role::publisher, Role::worker,        Role::viewer};

std::string_view to_text(Role role);  // "admin", "webhook_admin", …
std::optional<Role> parse_role(std::string_view text);
std::string_view role_names();  // all of them, for error texts

// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) add(role);
  }
  // As bits() gave them; unknown bits are dropped.
  static constexpr Roles of_bits(std::uint32_t bits) {
    Roles roles;
    roles.bits_ = bits & ((1u << kRoles.size()) - 1);
    return roles;
  }

  constexpr void add(Role role) { bits_ |= bit(role); }
  constexpr bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool contains(Roles other) const { return (other.bits_ & ~bits_) == 0; }
  constexpr Roles both(Roles other) const { return of_bits(bits_ & other.bits_); }
  constexpr std::uint32_t bits() const { return bits_; }
  friend constexpr bool operator==(Roles, Roles) = default;

 private:
  static constexpr std::uint32_t bit(Role role) { return 1u << static_cast<unsigned>(role); }
  std::uint32_t bits_ = 0;
};

// The names in kRoles' order, separated by spaces: an OAuth scope (RFC 6749, 3.3).
std::string to_text(Roles roles);

}  // namespace posthorn::domain
