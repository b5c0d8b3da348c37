// Issuers: every trusted outside issuer in memory; changes go to the store first.
//
// Concurrency: reading from any thread; changes on the session's loop.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string_view>
#include <vector>

#include "access/accounts.h"
#include "base/clock.h"
#include "base/ids.h"
#include "domain/access/account.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::access {

inline constexpr std::size_t kIssuersMax = 1000;
inline constexpr std::size_t kIssuersOfOneNameMax = 16;  // tried for one token

using IssuerPtr = std::shared_ptr<const domain::Issuer>;

class Issuers {
 public:
  // Changes bump the accounts' generation: what was derived from them is derived again.
  Issuers(const Clock& clock, IdSource& ids, Accounts& accounts) : clock_(clock), ids_(ids), accounts_(accounts) {}

  void fill(std::vector<domain::Issuer> issuers);  // once, at start

  IssuerPtr find(IssuerId id) const;  // null when there is none
  std::vector<IssuerPtr> list(TenantKey realm, IssuerKey after, std::size_t limit) const;
  // Those whose tokens name this issuer; oldest first.
  std::vector<IssuerPtr> named(std::string_view issuer) const;

  // `issuer.id` empty and expected_revision 0: a new one. Errors: invalid_argument, conflict, precondition_failed, unavailable.
  net::Task<Result<IssuerPtr>> save(store::Session& session, domain::Issuer issuer, std::int64_t expected_revision,
                                    store::Author author);
  net::Task<Status> remove(store::Session& session, IssuerPtr issuer, std::int64_t expected_revision, store::Author author);
  void forget(TenantKey tenant);

 private:
  const Clock& clock_;
  IdSource& ids_;
  Accounts& accounts_;
  mutable std::shared_mutex mutex_;
  std::map<IssuerKey, IssuerPtr> issuers_;
};

}  // namespace posthorn::access
