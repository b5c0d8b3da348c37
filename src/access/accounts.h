// Accounts: every client, bearer key and grant in memory; changes go to the store first.
//
// Place: Authorizer and TokenIssuer look callers up here; api/native manages them. Secrets and keys are made here, shown once
//   by whoever asked, and only their SHA-256 is kept.
// Last use is kept coarsely: at most one note in kUseNoteInterval for each account, written in batches (take_used()).
// Concurrency: reading and note_used() from any thread; changes on the session's loop, one at a time for each row through its
//   revision.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "domain/access/account.h"
#include "domain/access/principal.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::access {

inline constexpr std::size_t kAccountsMax = 100'000;
inline constexpr std::size_t kAccountsPerTenantMax = 10'000;
inline constexpr std::size_t kGrantsPerPrincipalMax = 10'000;
inline constexpr auto kUseNoteInterval = std::chrono::seconds(60);
inline constexpr auto kSecretOverlapDefault = std::chrono::hours(1);
inline constexpr auto kSecretOverlapMax = std::chrono::hours(24 * 30);

using AccountPtr = std::shared_ptr<const domain::Account>;
using GrantPtr = std::shared_ptr<const domain::Grant>;

struct HashOfHash {
  std::size_t operator()(const domain::SecretHash& hash) const noexcept;
};

class Accounts {
 public:
  Accounts(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

  void fill(std::vector<domain::Account> accounts, std::vector<domain::Grant> grants);  // once, at start

  // --- reading. `realm`: whose accounts; none: all. ---
  AccountPtr find(AccountId id) const;  // null when there is none
  AccountPtr find_key(const domain::SecretHash& hash) const;
  std::vector<AccountPtr> list(domain::AccountKind kind, TenantKey realm, AccountKey after, std::size_t limit) const;
  GrantPtr find(GrantId id) const;
  std::vector<GrantPtr> list_grants(TenantKey realm, std::string_view principal, GrantKey after, std::size_t limit) const;
  // Null when there are none.
  std::shared_ptr<const domain::Grants> grants_of(std::string_view principal) const;
  // The caller that an account is; `narrowed`: only these of its roles.
  domain::PrincipalPtr principal_of(const domain::Account& account, domain::Roles narrowed) const;
  std::optional<Timestamp> last_used(AccountKey account) const;
  // Grows with every change: what was derived from accounts and grants before is to be derived again.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  // --- use ---
  void note_used(AccountKey account);
  std::vector<std::pair<AccountKey, Timestamp>> take_used();

  // --- changing ---
  struct Made {
    AccountPtr account;
    std::string secret;  // to be shown once
  };
  // Makes id, secret and times. Errors: conflict (too many), unavailable.
  net::Task<Result<Made>> make(store::Session& session, domain::Account account, store::Author author);
  // Name, roles and expiry of one that is there. Errors: precondition_failed, not_found, unavailable.
  net::Task<Result<AccountPtr>> change(store::Session& session, domain::Account account, store::Author author);
  // A new secret; the old one stays good for `overlap`.
  net::Task<Result<Made>> rotate(store::Session& session, AccountPtr account, std::chrono::seconds overlap,
                                 store::Author author);
  net::Task<Status> remove(store::Session& session, AccountPtr account, std::int64_t expected_revision, store::Author author);
  net::Task<Result<GrantPtr>> grant(store::Session& session, domain::Grant grant, store::Author author);
  net::Task<Status> revoke(store::Session& session, GrantPtr grant, store::Author author);
  // What the store forgot with a tenant or a subscription.
  void forget(TenantKey tenant);
  void forget(SubscriptionKey subscription);
  // Something else that principals depend on has changed.
  void bump() { generation_.fetch_add(1, std::memory_order_acq_rel); }

 private:
  struct Record {
    AccountPtr account;
    std::atomic<std::int64_t> last_used_ms{0};  // 0: never
  };
  using RecordPtr = std::shared_ptr<Record>;

  net::Task<Result<AccountPtr>> save(store::Session& session, domain::Account account, std::int64_t expected_revision,
                                     std::optional<store::AuditEntry> audit);
  void put(const AccountPtr& account);
  void drop_account(AccountKey key);
  void drop_grant(GrantKey key);
  Status check_room(const domain::Account& account) const;

  const Clock& clock_;
  IdSource& ids_;
  std::atomic<std::uint64_t> generation_{1};
  mutable std::shared_mutex mutex_;
  std::map<AccountKey, RecordPtr> accounts_;
  std::unordered_map<domain::SecretHash, AccountKey, HashOfHash> keys_by_hash_;
  std::map<GrantKey, GrantPtr> grants_;
  std::map<std::string, std::map<GrantKey, GrantPtr>, std::less<>> grants_by_principal_;
  std::mutex used_mutex_;
  std::unordered_map<AccountKey, Timestamp> used_;
};

// "phs_" and 43 characters of base64url: 256 random bits.
std::string make_client_secret();
// "ph_" and the same.
std::string make_key();

}  // namespace posthorn::access
