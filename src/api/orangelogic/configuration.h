// What Orange Logic's administrators set for an instance (Configure Modules > Webhooks), here in a tenant's settings:
//
//   {"orangelogic": {"signatureHash": "sha256" or "sha512", "overlapSeconds": 3600}}
//
// Pure. It takes effect on a subscription with its next call of rotatesecret.
#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::api::orangelogic {

struct Configuration {
  domain::SignatureScheme scheme = domain::SignatureScheme::ol_sha256;
  std::chrono::seconds overlap = std::chrono::hours(1);  // both secrets sign; 0 to kSecretOverlapMax
};

// `settings`: the tenant's, as JSON. Errors name the member, beginning with "settings/orangelogic".
Result<Configuration> read_configuration(std::string_view settings);

// The subscription's signatures with `scheme` in the place of Orange Logic's other one.
std::vector<domain::SignatureScheme> with_scheme(std::vector<domain::SignatureScheme> signatures,
                                                 domain::SignatureScheme scheme);

}  // namespace posthorn::api::orangelogic
