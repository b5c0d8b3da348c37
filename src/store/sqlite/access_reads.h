// Reading accounts, grants, issuers and signing keys, once at start; and the audit log, in pages.
#pragma once

#include "base/result.h"
#include "store/access_operations.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class AccessReads {
 public:
  explicit AccessReads(Connection& connection) : connection_(connection) {}

  // Errors: internal when a row is damaged.
  Result<AccessRows> load();
  // A walk that filters ends after a bounded number of rows: a page may be short, or empty, and still have a `next`.
  Page<AuditEntry> list(const ListAudit& query);

 private:
  std::vector<domain::Account> accounts();
  std::vector<domain::Grant> grants();
  Result<std::vector<domain::Issuer>> issuers();
  std::vector<SigningKeyRow> signing_keys();

  Connection& connection_;

#define POSTHORN_AUDIT_COLUMNS                                                                                      \
  "SELECT key, salt, tenant, principal, principal_name, principal_kind, surface, action, request_id, object_kind, " \
  "object, before, after FROM audit "
  Statement all_{connection_, POSTHORN_AUDIT_COLUMNS "WHERE key < ?1 ORDER BY key DESC"};
  Statement of_tenant_{connection_,
                       POSTHORN_AUDIT_COLUMNS "INDEXED BY audit_by_tenant WHERE tenant = ?2 AND key < ?1 ORDER BY key DESC"};
#undef POSTHORN_AUDIT_COLUMNS
};

}  // namespace posthorn::store::sqlite
