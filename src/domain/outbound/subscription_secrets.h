// SubscriptionSecrets: everything of a subscription that nobody may read back: what signs and what authenticates us to the
// endpoint. Kept as one sealed document; surfaces show names and "***" only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// How we prove to the endpoint who we are, beside the signature.
struct EndpointAuthentication {
  enum class Kind : std::uint8_t { none, basic, bearer, oauth2 };
  Kind kind = Kind::none;
  std::string username;       // basic
  std::string password;       // basic
  std::string token;          // bearer
  std::string token_url;      // oauth2: the client-credentials grant (RFC 6749, 4.4)
  std::string client_id;      // oauth2
  std::string client_secret;  // oauth2
  std::string scope;          // oauth2; empty: none is asked for
  // oauth2: how the token server is told id and secret (RFC 6749, 2.3.1): as HTTP Basic, or as members of the form.
  enum class ClientAuthentication : std::uint8_t { basic, body };
  ClientAuthentication client_authentication = ClientAuthentication::basic;

  friend bool operator==(const EndpointAuthentication&, const EndpointAuthentication&) = default;
};

// For mutual TLS. Both in PEM; the certificate may be followed by its chain.
struct ClientCertificate {
  std::string certificate;
  std::string private_key;

  friend bool operator==(const ClientCertificate&, const ClientCertificate&) = default;
};

struct SubscriptionSecrets {
  std::string current;       // signs (whsec_… or plain text); never empty for a stored subscription
  std::string previous;      // signs too until `previous_until`; empty outside a rotation
  Timestamp previous_until;  // wall clock
  std::string ed25519_seed;  // 32 bytes for v1a; empty until the scheme is first used
  EndpointAuthentication authentication;
  std::optional<ClientCertificate> client_certificate;
  std::vector<Header> headers;  // sent like settings.headers, but never shown

  friend bool operator==(const SubscriptionSecrets&, const SubscriptionSecrets&) = default;
};

// After a rotation: `next` signs from now on, the current one beside it until `until`; nothing older signs any more. An `until`
// that is not behind `now` ends the current one at once.
SubscriptionSecrets rotated(SubscriptionSecrets secrets, std::string next, Timestamp now, Timestamp until);

// The text that is sealed, and back. A text that is no JSON object is the signing secret alone. decode_secrets fails only on a
// damaged row; its errors do not repeat the text.
std::string encode_secrets(const SubscriptionSecrets& secrets);
Result<SubscriptionSecrets> decode_secrets(std::string_view text);

}  // namespace posthorn::domain
