#include "store/sqlite/access_writes.h"

#include "store/sqlite/revisions.h"

namespace posthorn::store::sqlite {
namespace {

std::optional<Blob> as_optional_blob(const std::optional<domain::SecretHash>& hash) {
  return hash ? std::optional<Blob>(Blob(*hash)) : std::nullopt;
}

}  // namespace

void AccessWrites::note(const std::optional<AuditEntry>& entry) {
  if (!entry) return;
  const Author& author = entry->author;
  insert_audit_.run(entry->id.key, entry->id.salt, entry->tenant, author.principal, author.name, author.kind, author.surface,
                    author.action, author.request_id, entry->object_kind, entry->object, entry->before, entry->after);
}

Result<void> AccessWrites::record(const RecordAudit& write) {
  // What was done to a tenant that has gone for ever meanwhile is not kept either.
  if (!known_.is_erased(write.entry.tenant)) note(write.entry);
  return {};
}

Result<Saved> AccessWrites::save(const SaveAccount& write) {
  const domain::Account& account = write.account;
  if (known_.is_deleted(account.tenant)) return not_found("the tenant does not exist");
  const auto stored = find_stored(find_account_, account.id.key.value);
  if (auto status = check_revision(stored, account.tenant, write.expected_revision); !status) return status.error();
  const Blob hash(account.secret_hash);
  const auto previous = as_optional_blob(account.previous_hash);
  if (stored) {
    update_account_.run(account.id.key, account.name, account.roles.bits(), hash, previous, account.previous_until,
                        account.expires, account.updated_at);
  } else {
    insert_account_.run(account.id.key, account.id.salt, static_cast<int>(account.kind), account.tenant, account.name,
                        account.roles.bits(), hash, previous, account.previous_until, account.expires, account.created_at,
                        account.updated_at);
  }
  note(write.audit);
  return Saved{stored ? stored->revision + 1 : 1};
}

Result<void> AccessWrites::remove(const DeleteAccount& write) {
  std::uint64_t salt = 0;
  if (Cursor row = find_account_.open(write.account); row.next()) salt = row.salt(2);
  const auto stored = find_stored(find_account_, write.account.value);
  if (auto status = check_removal(stored, write.expected_revision); !status) return status;
  delete_account_.run(write.account);
  delete_grants_to_.run(to_text(AccountId{write.account, salt}));
  note(write.audit);
  return {};
}

Result<void> AccessWrites::touch(const TouchAccounts& write) {
  for (const auto& [account, used] : write.used) touch_account_.run(account, used);
  return {};
}

Result<void> AccessWrites::save(const SaveGrant& write) {
  const domain::Grant& grant = write.grant;
  if (known_.is_deleted(grant.tenant)) return not_found("the tenant does not exist");
  if (known_.is_deleted(grant.subscription.key)) return not_found("the subscription does not exist");
  if (find_grant_.open(grant.principal, grant.subscription.key).next()) {
    return conflict("object", "the principal has this grant already", "granted_already");
  }
  insert_grant_.run(grant.id.key, grant.id.salt, grant.principal, grant.tenant, grant.subscription.key, grant.subscription.salt,
                    grant.created_at);
  note(write.audit);
  return {};
}

Result<void> AccessWrites::remove(const DeleteGrant& write) {
  if (delete_grant_.run(write.grant) == 0) return not_found("it does not exist");
  note(write.audit);
  return {};
}

Result<Saved> AccessWrites::save(const SaveIssuer& write) {
  const domain::Issuer& issuer = write.issuer;
  if (known_.is_deleted(issuer.tenant)) return not_found("the tenant does not exist");
  const auto stored = find_stored(find_issuer_, issuer.id.key.value);
  if (auto status = check_revision(stored, issuer.tenant, write.expected_revision); !status) return status.error();
  const std::string settings = domain::encode_issuer(issuer.settings);
  if (stored) {
    update_issuer_.run(issuer.id.key, settings, issuer.updated_at);
  } else {
    insert_issuer_.run(issuer.id.key, issuer.id.salt, issuer.tenant, settings, issuer.created_at, issuer.updated_at);
  }
  note(write.audit);
  return Saved{stored ? stored->revision + 1 : 1};
}

Result<void> AccessWrites::remove(const DeleteIssuer& write) {
  const auto stored = find_stored(find_issuer_, write.issuer.value);
  if (auto status = check_removal(stored, write.expected_revision); !status) return status;
  delete_issuer_.run(write.issuer);
  note(write.audit);
  return {};
}

Result<void> AccessWrites::save(const SaveSigningKey& write) {
  replace_signing_key_.run(write.key.id, as_blob(write.key.sealed), write.key.created_at);
  return {};
}

Result<void> AccessWrites::remove(const DeleteSigningKey& write) {
  delete_signing_key_.run(write.id);
  return {};
}

void AccessWrites::forget(TenantKey tenant) {
  delete_accounts_of_.run(tenant);
  delete_grants_of_.run(tenant);
  delete_issuers_of_.run(tenant);
}

void AccessWrites::forget(SubscriptionKey subscription) { delete_grants_on_.run(subscription); }

}  // namespace posthorn::store::sqlite
