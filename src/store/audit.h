// Making entries of the audit log.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "store/access_operations.h"

namespace posthorn::store {

struct AuditedChange {
  std::string_view kind;  // "subscription", "topic", "client", …
  std::string object;     // id or name
  std::string before;     // domain::audit_document; empty: it was not there
  std::string after;      // likewise; empty: it is gone
};

// Nothing when the server itself is the author.
inline std::optional<AuditEntry> audit_entry(IdSource& ids, const Author& author, TenantKey tenant, AuditedChange change) {
  if (author.principal.empty()) return std::nullopt;
  return AuditEntry{
      ids.next<AuditId>(),    tenant, author, std::string(change.kind), std::move(change.object), std::move(change.before),
      std::move(change.after)};
}

}  // namespace posthorn::store
