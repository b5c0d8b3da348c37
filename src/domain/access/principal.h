// Principal: who calls. A value that access::Authorizer makes and everything else only reads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "domain/access/role.h"

namespace posthorn::domain {

// The single objects that were granted to one principal.
class Grants {
 public:
  Grants() = default;
  explicit Grants(std::vector<SubscriptionKey> subscriptions) : subscriptions_(std::move(subscriptions)) {
    std::sort(subscriptions_.begin(), subscriptions_.end());
  }
  bool has(SubscriptionKey subscription) const {
    return std::binary_search(subscriptions_.begin(), subscriptions_.end(), subscription);
  }

 private:
  std::vector<SubscriptionKey> subscriptions_;
};

enum class PrincipalKind : std::uint8_t {
  administrator,  // the key that the first run or the environment gave
  client,         // client id and secret, by a token
  key,            // a static bearer key
  outside,        // a token of a trusted outside issuer
};
std::string_view to_text(PrincipalKind kind);

struct Principal {
  std::string id;    // what grants and the audit log name it by: an id, "<issuer id>/<subject>", or "admin"
  std::string name;  // for people
  PrincipalKind kind = PrincipalKind::administrator;
  TenantKey tenant;  // none: the server as a whole, that is every tenant
  Roles roles;
  std::shared_ptr<const Grants> grants;  // null: none
};

using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace posthorn::domain
