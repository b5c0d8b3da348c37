// Authorizer: the one place that turns an Authorization header into a principal.
//
// A bearer may be the administrator's key, an API key, a token of this server, or one of a trusted outside issuer. What was
// once found is kept by its digest (TokenCache), so most requests cost a hash and a lookup.
// Place: api/kit calls it for every request. Nothing here waits: when an outside issuer's keys must be fetched first, the
//   verdict says so, and the caller awaits fetch_keys() and asks again.
// Failing calls are counted for each address; beyond the bound they are answered 429, and tokens that are not known yet are
//   not checked at all. A good key always comes in: its 256 random bits cannot be guessed, and who shares an address with an
//   attacker is not shut out.
// Concurrency: any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/accounts.h"
#include "access/issuer_keys.h"
#include "access/issuers.h"
#include "access/signing_keys.h"
#include "access/tenants.h"
#include "access/throttle.h"
#include "access/token_cache.h"
#include "base/result.h"
#include "domain/access/permit.h"
#include "jwt/check.h"
#include "store/operations.h"

namespace posthorn::access {

inline constexpr std::size_t kVerifiedTokensMax = 20'000;
inline constexpr auto kVerifiedTokenTime = std::chrono::minutes(5);  // then an outside token is checked again
inline constexpr ThrottleLimits kBearerFailures{.burst = 500, .refill = std::chrono::milliseconds(200)};

struct AuthorizerParts {
  Accounts& accounts;
  const Issuers& issuers;
  IssuerKeys& issuer_keys;
  const SigningKeys& signing_keys;
  const Tenants& tenants;
  const Clock& clock;
  std::string issuer;  // of this server's own tokens
};

struct Verdict {
  Result<domain::PrincipalPtr> principal;
  IssuerPtr wanted;  // set: await fetch_keys(wanted), then ask again
};

class Authorizer {
 public:
  Authorizer(std::vector<store::Credential> credentials, AuthorizerParts parts);

  // `authorization`: the header's value ("Bearer <key>"), empty when there is none. `peer`: HttpRequest::peer, for counting
  // failures; empty: not counted. Errors: unauthenticated, the same words for every cause; forbidden, for a good outside token
  // that nothing here is given to; too_many_requests.
  Verdict look(std::string_view authorization, std::string_view peer);
  // The same without a fetch: what would need one is unauthenticated.
  Result<domain::PrincipalPtr> authenticate(std::string_view authorization, std::string_view peer = {});

  net::Task<void> fetch_keys(IssuerPtr issuer);

 private:
  struct Identified {
    domain::PrincipalPtr principal;
    AccountKey account;
    Timestamp until;
  };
  using Identity = boost::system::result<Identified, jwt::Fault>;

  domain::PrincipalPtr find_administrator(const domain::SecretHash& digest) const;
  Identity identify_key(const domain::SecretHash& digest) const;
  Identity identify_own(const jwt::Token& token) const;
  Identity identify_outside(const jwt::Token& token, const domain::Issuer& issuer, Status& unmapped) const;
  Verdict check_token(std::string_view text, const domain::SecretHash& digest, std::string_view peer);
  Verdict accept(const domain::SecretHash& digest, Identified identified, std::uint64_t generation);
  Error refuse(std::string_view peer, jwt::Fault fault);

  struct Administrator {
    domain::SecretHash hash;
    domain::PrincipalPtr principal;
  };
  std::vector<Administrator> administrators_;
  AuthorizerParts parts_;
  TokenCache cache_{kVerifiedTokensMax};
  Throttle failures_{kBearerFailures};
};

store::Credential make_credential(std::string name, std::string_view key, Timestamp now);

}  // namespace posthorn::access
