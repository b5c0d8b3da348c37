// Access: the parts of who may call, put together. One per server.
//
// Lifecycle: fill() once with what the store has; maintain() before the first token is signed, then hourly; write_uses() now
// and
//   then. The loops of whoever calls must end before it goes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "access/accounts.h"
#include "access/authorizer.h"
#include "access/issuer_keys.h"
#include "access/issuers.h"
#include "access/signing_keys.h"
#include "access/tenants.h"
#include "access/token_issuer.h"

namespace posthorn::access {

struct Access {
  // `issuer`: what this server's tokens name as `iss`.
  Access(const Clock& clock, IdSource& ids, const crypto::Sealer& sealer, const Tenants& tenants, std::string issuer,
         std::vector<store::Credential> credentials)
      : accounts(clock, ids),
        issuers(clock, ids, accounts),
        issuer_keys(clock),
        signing_keys(clock, sealer),
        tokens(accounts, signing_keys, clock, issuer),
        authorizer(std::move(credentials), {accounts, issuers, issuer_keys, signing_keys, tenants, clock, std::move(issuer)}) {}

  void fill(store::AccessRows rows) {
    accounts.fill(std::move(rows.accounts), std::move(rows.grants));
    issuers.fill(std::move(rows.issuers));
    signing_keys.fill(std::move(rows.signing_keys));
  }
  // What the store forgot with a tenant.
  void forget(TenantKey tenant) {
    issuers.forget(tenant);
    accounts.forget(tenant);
  }

  Accounts accounts;
  Issuers issuers;
  IssuerKeys issuer_keys;
  SigningKeys signing_keys;
  TokenIssuer tokens;
  Authorizer authorizer;
};

}  // namespace posthorn::access
