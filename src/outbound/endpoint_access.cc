#include "outbound/endpoint_access.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "domain/outbound/token_grant.h"
#include "domain/outbound/webhook_handshake.h"

namespace posthorn::outbound {
namespace {

using Kind = domain::EndpointAuthentication::Kind;

Result<TokenSource> make_token_source(const domain::EndpointAuthentication& authentication) {
  auto url = net::parse_url(authentication.token_url, "authentication/tokenUrl");
  if (!url) return internal_error("a stored token URL cannot be used: " + url.error().message);
  TokenSource source{std::move(*url), {}, {}, {}};
  auto request = domain::token_request(authentication);
  source.header_lines = std::move(request.header_lines);
  source.body = std::move(request.body);
  // The request says all that makes one token differ from another; its digest keeps secrets out of the key.
  const auto digest = crypto::sha256(source.url.text() + '\n' + source.header_lines + '\n' + source.body);
  source.key.assign(digest.begin(), digest.end());
  return source;
}

}  // namespace

Result<EndpointAccessPtr> make_endpoint_access(const domain::Subscription& subscription,
                                               const domain::SubscriptionSecrets& secrets) {
  const auto& authentication = secrets.authentication;
  auto access = std::make_shared<EndpointAccess>();
  switch (authentication.kind) {
    case Kind::none:
      break;
    case Kind::basic:
      access->header_lines +=
          "Authorization: Basic " + base64_encode(authentication.username + ":" + authentication.password) + "\r\n";
      break;
    case Kind::bearer:
      access->header_lines += "Authorization: Bearer " + authentication.token + "\r\n";
      break;
    case Kind::oauth2: {
      auto source = make_token_source(authentication);
      if (!source) return std::move(source).error();
      access->token = std::move(*source);
      break;
    }
  }
  for (const auto& header : secrets.headers) access->header_lines += header.name + ": " + header.value + "\r\n";
  if (const auto& certificate = secrets.client_certificate) {
    auto identity = net::ClientIdentity::make(certificate->certificate, certificate->private_key, "clientCertificate");
    if (!identity) return internal_error("a stored client certificate cannot be used: " + identity.error().message);
    access->identity = std::move(*identity);
  }
  if (subscription.settings.handshake) {
    access->handshake = HandshakeWish{subscription.id.key, std::nullopt};
    if (const auto& rate = subscription.settings.rate_limit) {
      access->handshake->per_minute = domain::requests_per_minute(rate->per_second);
    }
  }
  const bool nothing = access->header_lines.empty() && !access->identity && !access->token && !access->handshake;
  return nothing ? EndpointAccessPtr() : EndpointAccessPtr(std::move(access));
}

}  // namespace posthorn::outbound
