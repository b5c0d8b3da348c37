#include "domain/access/account.h"

namespace posthorn::domain {

std::string_view to_text(AccountKind kind) {
  switch (kind) {
    case AccountKind::client:
      return "client";
    case AccountKind::key:
      return "key";
  }
  return "";
}

}  // namespace posthorn::domain
