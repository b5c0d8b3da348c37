// Signatures: what proves a delivery's origin to its receiver.
//
// Standard Webhooks v1 (specification 1.0.0): HMAC-SHA-256 over "<id>.<timestamp>.<body>", Base64, in
//   webhook-id, webhook-timestamp (Unix seconds), webhook-signature ("v1,<base64>", several separated by spaces).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

std::string_view to_text(SignatureScheme scheme);
std::optional<SignatureScheme> parse_signature_scheme(std::string_view text);

// The HMAC key of a secret: "whsec_<base64>" is decoded, any other text is its own bytes.
std::string signing_key(std::string_view secret);

// Signs for one subscription; keeps the keyed contexts. Not thread-safe: belongs to a lane's loop.
class Signer {
 public:
  // Several secrets during a rotation: all sign, in the order given.
  Signer(std::vector<SignatureScheme> schemes, const std::vector<std::string>& secrets);

  // Appends complete header lines ("name: value\r\n") to `lines`: webhook-id, webhook-timestamp and the signatures.
  void append_headers(std::string& lines, std::string_view event_id, Timestamp wall_now, std::string_view body);

 private:
  std::vector<SignatureScheme> schemes_;
  std::vector<crypto::HmacSha256> keys_;
};

// For receivers (posthorn listen, tests): whether one of the signatures in `header` is ours for the secret. Constant time; the
// timestamp must be within `tolerance` of `wall_now` both ways (Standard Webhooks libraries: 5 minutes).
enum class SignatureVerdict { valid, missing, malformed, too_old, too_new, wrong };
SignatureVerdict verify_v1(std::string_view secret, std::string_view id, std::string_view timestamp, std::string_view header,
                           std::string_view body, Timestamp wall_now, std::chrono::seconds tolerance);

}  // namespace posthorn::domain
