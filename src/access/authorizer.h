// Authorizer: the one place that turns an Authorization header into a principal.
//
// Place: api/kit calls it for every request; app fills it from the store and the environment at start.
// Concurrency: immutable after start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/access/permit.h"
#include "store/operations.h"

namespace posthorn::access {

class Authorizer {
 public:
  explicit Authorizer(std::vector<store::Credential> credentials);

  // `authorization`: the header's value ("Bearer <key>"), empty when there is none. Compares hashes in constant time.
  // Errors: unauthenticated, the same words for every cause.
  Result<domain::PrincipalPtr> authenticate(std::string_view authorization) const;

 private:
  std::vector<store::Credential> credentials_;
};

// A new bearer key: "ph_" and 43 characters of base64url (256 random bits).
std::string make_key();
store::Credential make_credential(std::string name, std::string_view key, Timestamp now);

}  // namespace posthorn::access
