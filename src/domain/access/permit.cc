#include "domain/access/permit.h"

#include <utility>

namespace posthorn::domain {

Permission permit(const Principal& principal, Action, const Object&) {
  switch (principal.role) {
    case Role::admin:
      return Permission::allowed;
  }
  std::unreachable();
}

}  // namespace posthorn::domain
