// The store's operations on access: accounts, grants, issuers, signing keys, the audit log. See store.h for the rules that hold
// for all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "domain/access/account.h"
#include "store/paging.h"

namespace posthorn::store {

// --- audit -------------------------------------------------------------------------------------------------------------

// Who asked for a change, and in which request. Empty: the server itself.
struct Author {
  Author() = default;  // no aggregate: GCC 12 destroys twice an aggregate made inside a co_await's call

  std::string principal;  // domain::Principal::id
  std::string name;
  std::string kind;     // "administrator", "client", "key", "outside"
  std::string surface;  // "native", …
  std::string action;   // domain::Action, by name
  std::string request_id;
};

struct AuditEntry {
  AuditId id;        // its key carries the time
  TenantKey tenant;  // none: the server
  Author author;
  std::string object_kind;  // "subscription", "topic", "client", …; a route's pattern where nothing more is known
  std::string object;       // its id or name
  std::string before;       // JSON without secrets; empty: it was not there
  std::string after;        // likewise; empty: it is gone
};

struct RecordAudit {
  AuditEntry entry;
};
struct ListAudit {
  TenantKey tenant;         // none: everything
  std::string object_kind;  // empty: all
  std::string object;
  PageQuery page;  // newest first
};

// --- accounts, grants, issuers -------------------------------------------------------------------------------------------

struct SaveAccount {
  domain::Account account;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
// With its grants.
struct DeleteAccount {
  AccountKey account;
  std::int64_t expected_revision = 0;  // 0: whatever it is
  std::optional<AuditEntry> audit = std::nullopt;
};
// When accounts were last used: many in one write. Changes no revision; accounts that are gone are passed over.
struct TouchAccounts {
  std::vector<std::pair<AccountKey, Timestamp>> used;
};
// Errors: conflict when the principal has the object already.
struct SaveGrant {
  domain::Grant grant;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct DeleteGrant {
  GrantKey grant;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct SaveIssuer {
  domain::Issuer issuer;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};
struct DeleteIssuer {
  IssuerKey issuer;
  std::int64_t expected_revision = 0;
  std::optional<AuditEntry> audit = std::nullopt;
};

// --- signing keys --------------------------------------------------------------------------------------------------------

struct SigningKeyRow {
  std::string id;
  std::string sealed;  // crypto::Sealer's output over the private key
  Timestamp created_at;
};
struct SaveSigningKey {
  SigningKeyRow key;
};
struct DeleteSigningKey {
  std::string id;
};

// What is kept in memory; nothing of deleted tenants.
struct AccessRows {
  std::vector<domain::Account> accounts;
  std::vector<domain::Grant> grants;
  std::vector<domain::Issuer> issuers;
  std::vector<SigningKeyRow> signing_keys;  // oldest first
};

// --- verbs ---------------------------------------------------------------------------------------------------------------

template <class T>
using Done = UniqueFunction<void(Result<T>)>;

// The part of a Session that is about access.
class AccessSession {
 public:
  virtual ~AccessSession() = default;

  virtual void save_account(SaveAccount write, Done<Saved> done) = 0;
  virtual void delete_account(DeleteAccount write, Done<void> done) = 0;
  virtual void touch_accounts(TouchAccounts write, Done<void> done) = 0;
  virtual void save_grant(SaveGrant write, Done<void> done) = 0;
  virtual void delete_grant(DeleteGrant write, Done<void> done) = 0;
  virtual void save_issuer(SaveIssuer write, Done<Saved> done) = 0;
  virtual void delete_issuer(DeleteIssuer write, Done<void> done) = 0;
  virtual void save_signing_key(SaveSigningKey write, Done<void> done) = 0;
  virtual void delete_signing_key(DeleteSigningKey write, Done<void> done) = 0;
  virtual void load_access(Done<AccessRows> done) = 0;

  virtual void record_audit(RecordAudit write, Done<void> done) = 0;
  virtual void list_audit(ListAudit query, Done<Page<AuditEntry>> done) = 0;
};

}  // namespace posthorn::store
