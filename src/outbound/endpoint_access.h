// EndpointAccess: what an endpoint must be shown, before and with each request, so that it lets us in. Worked out once per
// change of a subscription from its secrets and settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/subscription_secrets.h"
#include "net/client_identity.h"
#include "net/url.h"

namespace posthorn::outbound {

// Where OAuth 2 tokens come from.
struct TokenSource {
  net::Url url;
  std::string header_lines;  // of the token request
  std::string body;
  std::string key;  // the same for all subscriptions that may share a token
};

// CloudEvents' handshake, where the subscription asks for it.
struct HandshakeWish {
  SubscriptionKey subscription;
  std::optional<std::uint32_t> per_minute;  // the subscription's own limit
};

struct EndpointAccess {
  std::string header_lines;                             // Authorization (basic, bearer) and the secret headers
  std::shared_ptr<const net::ClientIdentity> identity;  // null: none
  std::optional<TokenSource> token;
  std::optional<HandshakeWish> handshake;
};

using EndpointAccessPtr = std::shared_ptr<const EndpointAccess>;

// Null when the subscription asks for none of it. Errors: internal (stored values that cannot be used).
Result<EndpointAccessPtr> make_endpoint_access(const domain::Subscription& subscription,
                                               const domain::SubscriptionSecrets& secrets);

}  // namespace posthorn::outbound
