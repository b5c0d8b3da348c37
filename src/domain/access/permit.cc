#include "domain/access/permit.h"

namespace posthorn::domain {

Permission permit(const Principal& principal, Action action, const Object& object) {
  static_cast<void>(action);
  static_cast<void>(object);
  switch (principal.role) {
    case Role::admin:
      return Permission::allowed;
  }
  return Permission::denied;
}

}  // namespace posthorn::domain
