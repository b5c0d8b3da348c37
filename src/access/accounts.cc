#include "access/accounts.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "domain/access/audit_document.h"
#include "store/audit.h"

namespace posthorn::access {
namespace {

using domain::Account;
using domain::AccountKind;

constexpr std::size_t kSecretRandomBytes = 32;

std::string random_text() { return base64url_encode(crypto::random_bytes(kSecretRandomBytes)); }

bool is_in(TenantKey realm, TenantKey tenant) { return !realm || realm == tenant; }

}  // namespace

std::string make_client_secret() { return "phs_" + random_text(); }
std::string make_key() { return "ph_" + random_text(); }

std::size_t HashOfHash::operator()(const domain::SecretHash& hash) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

void Accounts::fill(std::vector<Account> accounts, std::vector<domain::Grant> grants) {
  const std::unique_lock lock(mutex_);
  for (auto& account : accounts) put(std::make_shared<const Account>(std::move(account)));
  for (auto& grant : grants) {
    auto shared = std::make_shared<const domain::Grant>(std::move(grant));
    grants_by_principal_[shared->principal][shared->id.key] = shared;
    grants_[shared->id.key] = std::move(shared);
  }
}

void Accounts::put(const AccountPtr& account) {
  auto& record = accounts_[account->id.key];
  if (!record) {
    record = std::make_shared<Record>();
    if (account->last_used) record->last_used_ms = account->last_used->time_since_epoch().count();
  }
  record->account = account;
  if (account->kind == AccountKind::key) keys_by_hash_[account->secret_hash] = account->id.key;
}

// --- reading -------------------------------------------------------------------------------------------------------------

AccountPtr Accounts::find(AccountId id) const {
  const std::shared_lock lock(mutex_);
  const auto found = accounts_.find(id.key);
  return found != accounts_.end() && found->second->account->id == id ? found->second->account : nullptr;
}

AccountPtr Accounts::find_key(const domain::SecretHash& hash) const {
  const std::shared_lock lock(mutex_);
  const auto key = keys_by_hash_.find(hash);
  if (key == keys_by_hash_.end()) return nullptr;
  const auto found = accounts_.find(key->second);
  return found == accounts_.end() ? nullptr : found->second->account;
}

std::vector<AccountPtr> Accounts::list(AccountKind kind, TenantKey realm, AccountKey after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<AccountPtr> items;
  for (auto at = accounts_.upper_bound(after); at != accounts_.end() && items.size() < limit; ++at) {
    const auto& account = at->second->account;
    if (account->kind == kind && is_in(realm, account->tenant)) items.push_back(account);
  }
  return items;
}

GrantPtr Accounts::find(GrantId id) const {
  const std::shared_lock lock(mutex_);
  const auto found = grants_.find(id.key);
  return found != grants_.end() && found->second->id == id ? found->second : nullptr;
}

std::vector<GrantPtr> Accounts::list_grants(TenantKey realm, std::string_view principal, GrantKey after,
                                            std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<GrantPtr> items;
  const auto collect = [&](const std::map<GrantKey, GrantPtr>& grants) {
    for (auto at = grants.upper_bound(after); at != grants.end() && items.size() < limit; ++at) {
      if (is_in(realm, at->second->tenant)) items.push_back(at->second);
    }
  };
  if (principal.empty()) {
    collect(grants_);
  } else if (const auto found = grants_by_principal_.find(principal); found != grants_by_principal_.end()) {
    collect(found->second);
  }
  return items;
}

std::shared_ptr<const domain::Grants> Accounts::grants_of(std::string_view principal) const {
  const std::shared_lock lock(mutex_);
  const auto found = grants_by_principal_.find(principal);
  if (found == grants_by_principal_.end()) return nullptr;
  std::vector<SubscriptionKey> subscriptions;
  subscriptions.reserve(found->second.size());
  for (const auto& [key, grant] : found->second) subscriptions.push_back(grant->subscription.key);
  return std::make_shared<const domain::Grants>(std::move(subscriptions));
}

domain::PrincipalPtr Accounts::principal_of(const Account& account, domain::Roles narrowed) const {
  domain::Principal principal;
  principal.id = to_text(account.id);
  principal.name = account.name;
  principal.kind = account.kind == AccountKind::client ? domain::PrincipalKind::client : domain::PrincipalKind::key;
  principal.tenant = account.tenant;
  principal.roles = account.roles.both(narrowed);
  principal.grants = grants_of(principal.id);
  return std::make_shared<const domain::Principal>(std::move(principal));
}

// --- use -----------------------------------------------------------------------------------------------------------------

std::optional<Timestamp> Accounts::last_used(AccountKey account) const {
  const std::shared_lock lock(mutex_);
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) return std::nullopt;
  const std::int64_t used = found->second->last_used_ms.load(std::memory_order_relaxed);
  return used == 0 ? std::nullopt : std::optional(Timestamp(Milliseconds(used)));
}

void Accounts::note_used(AccountKey account) {
  const Timestamp now = clock_.wall_now();
  {
    const std::shared_lock lock(mutex_);
    const auto found = accounts_.find(account);
    if (found == accounts_.end()) return;
    auto& last = found->second->last_used_ms;
    std::int64_t before = last.load(std::memory_order_relaxed);
    if (now < Timestamp(Milliseconds(before)) + kUseNoteInterval) return;
    if (!last.compare_exchange_strong(before, now.time_since_epoch().count())) return;
  }
  const std::lock_guard lock(used_mutex_);
  used_[account] = now;
}

std::vector<std::pair<AccountKey, Timestamp>> Accounts::take_used() {
  const std::lock_guard lock(used_mutex_);
  std::vector<std::pair<AccountKey, Timestamp>> taken(used_.begin(), used_.end());
  used_.clear();
  return taken;
}

// --- changing ------------------------------------------------------------------------------------------------------------

Status Accounts::check_room(const Account& account) const {
  const std::shared_lock lock(mutex_);
  std::size_t of_tenant = 0;
  for (const auto& [key, record] : accounts_) of_tenant += record->account->tenant == account.tenant ? 1u : 0u;
  if (accounts_.size() >= kAccountsMax || of_tenant >= kAccountsPerTenantMax) {
    return conflict({}, "there are too many clients and keys; remove some that are not used", "too_many_accounts");
  }
  return {};
}

net::Task<Result<AccountPtr>> Accounts::save(store::Session& session, Account account, std::int64_t expected_revision,
                                             std::optional<store::AuditEntry> audit) {
  account.updated_at = clock_.wall_now();
  store::SaveAccount write{account, expected_revision, std::move(audit)};
  auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_account(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  account.revision = saved->revision;
  auto shared = std::make_shared<const Account>(std::move(account));
  {
    const std::unique_lock lock(mutex_);
    put(shared);
  }
  bump();
  co_return AccountPtr(shared);
}

net::Task<Result<Accounts::Made>> Accounts::make(store::Session& session, Account account, store::Author author) {
  if (auto room = check_room(account); !room) co_return std::move(room).error();
  Made made;
  made.secret = account.kind == AccountKind::client ? make_client_secret() : make_key();
  account.id = ids_.next<AccountId>();
  account.secret_hash = crypto::sha256(made.secret);
  account.created_at = clock_.wall_now();
  auto audit = store::audit_entry(ids_, author, account.tenant,
                                  {to_text(account.kind), to_text(account.id), {}, domain::audit_document(account)});
  auto saved = co_await save(session, std::move(account), 0, std::move(audit));
  if (!saved) co_return std::move(saved).error();
  made.account = std::move(*saved);
  co_return made;
}

net::Task<Result<AccountPtr>> Accounts::change(store::Session& session, Account account, store::Author author) {
  const AccountPtr before = find(account.id);
  if (!before) co_return not_found("it does not exist any more");
  auto audit = store::audit_entry(
      ids_, author, account.tenant,
      {to_text(account.kind), to_text(account.id), domain::audit_document(*before), domain::audit_document(account)});
  const std::int64_t revision = account.revision;
  co_return co_await save(session, std::move(account), revision, std::move(audit));
}

net::Task<Result<Accounts::Made>> Accounts::rotate(store::Session& session, AccountPtr account, std::chrono::seconds overlap,
                                                   store::Author author) {
  Made made;
  made.secret = make_client_secret();
  Account rotated = *account;
  rotated.previous_hash.reset();
  if (overlap.count() > 0) rotated.previous_hash = account->secret_hash;
  rotated.previous_until = clock_.wall_now() + overlap;
  rotated.secret_hash = crypto::sha256(made.secret);
  const std::string document = domain::audit_document(*account);
  auto audit =
      store::audit_entry(ids_, author, account->tenant, {to_text(account->kind), to_text(account->id), document, document});
  auto saved = co_await save(session, std::move(rotated), account->revision, std::move(audit));
  if (!saved) co_return std::move(saved).error();
  made.account = std::move(*saved);
  co_return made;
}

net::Task<Status> Accounts::remove(store::Session& session, AccountPtr account, std::int64_t expected_revision,
                                   store::Author author) {
  auto audit = store::audit_entry(ids_, author, account->tenant,
                                  {to_text(account->kind), to_text(account->id), domain::audit_document(*account), {}});
  store::DeleteAccount write{account->id.key, expected_revision, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_account(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  {
    const std::unique_lock lock(mutex_);
    drop_account(account->id.key);
  }
  bump();
  co_return Status{};
}

void Accounts::drop_account(AccountKey key) {
  const auto found = accounts_.find(key);
  if (found == accounts_.end()) return;
  const AccountPtr account = found->second->account;
  keys_by_hash_.erase(account->secret_hash);
  accounts_.erase(found);
  const auto grants = grants_by_principal_.find(to_text(account->id));
  if (grants == grants_by_principal_.end()) return;
  for (const auto& [grant, unused] : grants->second) grants_.erase(grant);
  grants_by_principal_.erase(grants);
}

void Accounts::drop_grant(GrantKey key) {
  const auto found = grants_.find(key);
  if (found == grants_.end()) return;
  const auto of_principal = grants_by_principal_.find(found->second->principal);
  if (of_principal != grants_by_principal_.end()) {
    of_principal->second.erase(key);
    if (of_principal->second.empty()) grants_by_principal_.erase(of_principal);
  }
  grants_.erase(found);
}

net::Task<Result<GrantPtr>> Accounts::grant(store::Session& session, domain::Grant grant, store::Author author) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = grants_by_principal_.find(grant.principal);
    if (found != grants_by_principal_.end() && found->second.size() >= kGrantsPerPrincipalMax) {
      co_return conflict("principal", "has too many grants; give it the role webhook_admin instead", "too_many_grants");
    }
  }
  grant.id = ids_.next<GrantId>();
  grant.created_at = clock_.wall_now();
  auto audit = store::audit_entry(ids_, author, grant.tenant, {"grant", to_text(grant.id), {}, domain::audit_document(grant)});
  store::SaveGrant write{grant, std::move(audit)};
  auto saved = co_await net::until<Status>([&](auto done) { session.save_grant(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  auto shared = std::make_shared<const domain::Grant>(std::move(grant));
  {
    const std::unique_lock lock(mutex_);
    grants_[shared->id.key] = shared;
    grants_by_principal_[shared->principal][shared->id.key] = shared;
  }
  bump();
  co_return GrantPtr(shared);
}

net::Task<Status> Accounts::revoke(store::Session& session, GrantPtr grant, store::Author author) {
  auto audit =
      store::audit_entry(ids_, author, grant->tenant, {"grant", to_text(grant->id), domain::audit_document(*grant), {}});
  store::DeleteGrant write{grant->id.key, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_grant(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  {
    const std::unique_lock lock(mutex_);
    drop_grant(grant->id.key);
  }
  bump();
  co_return Status{};
}

void Accounts::forget(TenantKey tenant) {
  {
    const std::unique_lock lock(mutex_);
    std::vector<AccountKey> accounts;
    for (const auto& [key, record] : accounts_) {
      if (record->account->tenant == tenant) accounts.push_back(key);
    }
    for (const auto key : accounts) drop_account(key);
    std::vector<GrantKey> grants;
    for (const auto& [key, grant] : grants_) {
      if (grant->tenant == tenant) grants.push_back(key);
    }
    for (const auto key : grants) drop_grant(key);
  }
  bump();
}

void Accounts::forget(SubscriptionKey subscription) {
  bool any = false;
  {
    const std::unique_lock lock(mutex_);
    std::vector<GrantKey> grants;
    for (const auto& [key, grant] : grants_) {
      if (grant->subscription.key == subscription) grants.push_back(key);
    }
    any = !grants.empty();
    for (const auto key : grants) drop_grant(key);
  }
  if (any) bump();
}

}  // namespace posthorn::access
