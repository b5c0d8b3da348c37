// Writes to accounts, grants, issuers, signing keys and the audit log. Like CatalogueWrites: each checks before it changes.
#pragma once

#include "base/result.h"
#include "store/access_operations.h"
#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

class AccessWrites {
 public:
  AccessWrites(Connection& connection, Known& known) : connection_(connection), known_(known) {}

  Result<Saved> save(const SaveAccount& write);
  Result<void> remove(const DeleteAccount& write);
  Result<void> touch(const TouchAccounts& write);
  Result<void> save(const SaveGrant& write);
  Result<void> remove(const DeleteGrant& write);
  Result<Saved> save(const SaveIssuer& write);
  Result<void> remove(const DeleteIssuer& write);
  Result<void> save(const SaveSigningKey& write);
  Result<void> remove(const DeleteSigningKey& write);
  Result<void> record(const RecordAudit& write);

  // --- for the other writes, in their transaction ---
  void note(const std::optional<AuditEntry>& entry);
  void forget(TenantKey tenant);              // its accounts, grants and issuers; the log stays
  void forget(SubscriptionKey subscription);  // its grants

 private:
  Connection& connection_;
  Known& known_;

  Statement find_account_{connection_, "SELECT revision, tenant, salt FROM accounts WHERE key = ?1"};
  Statement insert_account_{connection_,
                            "INSERT INTO accounts(key, salt, kind, tenant, name, roles, secret_hash, previous_hash, "
                            "previous_until, expires, last_used, revision, created, updated) "
                            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, 1, ?11, ?12)"};
  Statement update_account_{connection_,
                            "UPDATE accounts SET name = ?2, roles = ?3, secret_hash = ?4, previous_hash = ?5, "
                            "previous_until = ?6, expires = ?7, revision = revision + 1, updated = ?8 WHERE key = ?1"};
  Statement delete_account_{connection_, "DELETE FROM accounts WHERE key = ?1"};
  Statement touch_account_{connection_, "UPDATE accounts SET last_used = ?2 WHERE key = ?1"};
  Statement delete_accounts_of_{connection_, "DELETE FROM accounts WHERE tenant = ?1"};

  Statement find_grant_{connection_, "SELECT key FROM grants WHERE principal = ?1 AND subscription = ?2"};
  Statement insert_grant_{connection_,
                          "INSERT INTO grants(key, salt, principal, tenant, subscription, subscription_salt, created) "
                          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"};
  Statement delete_grant_{connection_, "DELETE FROM grants WHERE key = ?1"};
  Statement delete_grants_to_{connection_, "DELETE FROM grants WHERE principal = ?1"};
  Statement delete_grants_on_{connection_, "DELETE FROM grants WHERE subscription = ?1"};
  Statement delete_grants_of_{connection_, "DELETE FROM grants WHERE tenant = ?1"};

  Statement find_issuer_{connection_, "SELECT revision, tenant FROM issuers WHERE key = ?1"};
  Statement insert_issuer_{connection_,
                           "INSERT INTO issuers(key, salt, tenant, settings, revision, created, updated) "
                           "VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6)"};
  Statement update_issuer_{connection_,
                           "UPDATE issuers SET settings = ?2, revision = revision + 1, updated = ?3 WHERE key = ?1"};
  Statement delete_issuer_{connection_, "DELETE FROM issuers WHERE key = ?1"};
  Statement delete_issuers_of_{connection_, "DELETE FROM issuers WHERE tenant = ?1"};

  Statement replace_signing_key_{connection_, "INSERT OR REPLACE INTO signing_keys(id, sealed, created) VALUES(?1, ?2, ?3)"};
  Statement delete_signing_key_{connection_, "DELETE FROM signing_keys WHERE id = ?1"};

  Statement insert_audit_{connection_,
                          "INSERT INTO audit(key, salt, tenant, principal, principal_name, principal_kind, surface, action, "
                          "request_id, object_kind, object, before, after) "
                          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"};
};

}  // namespace posthorn::store::sqlite
