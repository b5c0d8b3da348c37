// TokenIssuer: trades a client's id and secret for a short-lived token (RFC 6749, 4.4). Every surface's token call comes here.
//
// Place: api/oauth, and the token calls of vendors' surfaces.
// No oracle: an unknown client costs the same work and gets the same answer as a wrong secret. Failures are counted for each
//   address and for each client id; beyond the bound the answer is 429 without a look at the secret. An address from which the
//   client came in before is not held up by others who guess at its secret.
// Concurrency: any thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "access/accounts.h"
#include "access/signing_keys.h"
#include "access/throttle.h"

namespace posthorn::access {

inline constexpr std::size_t kScopeBytesMax = 1024;
inline constexpr ThrottleLimits kTokenFailuresOfAddress{.burst = 50, .refill = std::chrono::seconds(2)};
inline constexpr ThrottleLimits kTokenFailuresOfClient{.burst = 20, .refill = std::chrono::seconds(5)};
// From how many addresses a client's good standing is remembered.
inline constexpr ThrottleLimits kKnownAddresses{.burst = 1, .refill = std::chrono::hours(1)};

struct TokenRequest {
  std::string_view client_id;
  std::string_view client_secret;
  std::string_view scope = {};  // role names, separated by spaces; empty, or one word ending in "/.default": all that it has
  std::string_view peer = {};   // HttpRequest::peer
};

struct IssuedToken {
  std::string token;
  std::chrono::seconds lifetime;
  std::string scope;  // what it may, as role names
  TenantKey tenant;   // of the client; none: the server
};

class TokenIssuer {
 public:
  // `issuer`: what stands as `iss` and `aud` in the tokens.
  TokenIssuer(Accounts& accounts, const SigningKeys& keys, const Clock& clock, std::string issuer);

  // Errors, with OAuth's words as their codes: unauthenticated "invalid_client"; invalid_argument "invalid_scope";
  // too_many_requests, with retry_after.
  Result<IssuedToken> issue(const TokenRequest& request);

  const std::string& issuer() const { return issuer_; }

 private:
  AccountPtr check_secret(const TokenRequest& request) const;
  IssuedToken sign(const domain::Account& client, domain::Roles roles) const;

  Accounts& accounts_;
  const SigningKeys& keys_;
  const Clock& clock_;
  const std::string issuer_;
  Throttle address_failures_{kTokenFailuresOfAddress};
  Throttle client_failures_{kTokenFailuresOfClient};
  Throttle known_addresses_{kKnownAddresses};
};

// The roles that a scope asks for, of those that there are. Errors: invalid_argument "invalid_scope".
Result<domain::Roles> read_scope(std::string_view scope, domain::Roles held);

}  // namespace posthorn::access
