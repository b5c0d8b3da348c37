// Signatures: what proves a delivery's origin to its receiver. Several schemes may sign one delivery.
//
//   v1           Standard Webhooks 1.0.0: HMAC-SHA-256 over "<id>.<timestamp>.<body>", Base64, in webhook-signature as
//                "v1,<base64>"; several stand there separated by spaces. Key: the secret's decoded bytes (signing_key).
//   v1a          the same text with Ed25519, "v1a,<base64>" in the same header; the subscription has a key pair of its own.
//   ol_sha256    Orange Logic: HMAC over the body, Base64, in x-ol-signature as "v1,<base64>"; while two secrets sign, the old
//   ol_sha512      one is "v1,…" and the new one "v1a,…", separated by a space. Key: the secret's text.
//   hub_sha256   GitHub: X-Hub-Signature-256: sha256=<hex of the HMAC over the body>. Key: the secret's text.
//   timestamped  Stripe: "t=<Unix seconds>,v1=<hex of the HMAC over "<t>.<body>">", one v1 for each secret. Key: the secret's
//                text with its "whsec_".
//   secret       the secret itself, for receivers that compare it.
//
// webhook-id and webhook-timestamp (Unix seconds) are always sent: they name the event, whatever signs.
// During a rotation both secrets sign until `previous_until`. hub_sha256 and secret have room for one value: that of the old
// secret until then, of the new one afterwards, so that a receiver has the whole overlap to learn the new one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/crypto.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/subscription_secrets.h"

namespace posthorn::domain {

// "v1", "v1a", "ol-sha256", "ol-sha512", "hub-sha256", "timestamped", "secret".
std::string_view to_text(SignatureScheme scheme);
std::optional<SignatureScheme> parse_signature_scheme(std::string_view text);
std::string signature_scheme_words();  // for error texts

// The header that a scheme writes: the name that `settings` gives it, else its own. The header of v1 and v1a is fixed.
std::string_view header_name(const SubscriptionSettings& settings, SignatureScheme scheme);
bool has_fixed_header(SignatureScheme scheme);

// The HMAC key of a secret for v1: "whsec_<base64>" is decoded, any other text is its own bytes.
std::string signing_key(std::string_view secret);

// "whpk_<base64>", as Standard Webhooks writes a public key; empty when the subscription has no key pair.
std::string public_key_text(const SubscriptionSecrets& secrets);

// Signs for one subscription; keeps the keyed contexts. Not thread-safe: belongs to a lane's loop.
class Signer {
 public:
  Signer(const SubscriptionSettings& settings, const SubscriptionSecrets& secrets);

  // Appends complete header lines ("name: value\r\n") to `lines`: webhook-id, webhook-timestamp and the signatures.
  void append_headers(std::string& lines, std::string_view event_id, Timestamp wall_now, std::string_view body);

  // The secret that the scheme `secret` sends at that time; empty when the scheme is not chosen.
  std::string_view plain_secret(Timestamp wall_now) const;

 private:
  // The contexts of one secret; those that no scheme needs are empty.
  struct Keys {
    std::string text;
    std::optional<crypto::HmacSha256> standard;
    std::optional<crypto::HmacSha256> sha256;
    std::optional<crypto::HmacSha512> sha512;
  };
  struct Message {
    std::string_view id, timestamp, body;
  };
  struct Chosen {
    SignatureScheme scheme;
    std::string header;
  };

  static Keys keys_of(const std::string& text, const std::vector<SignatureScheme>& schemes);
  void append_standard(std::string& lines, const Message& message, bool overlap);
  void append_ol(std::string& lines, SignatureScheme scheme, const Message& message, bool overlap);
  void append_timestamped(std::string& lines, const Message& message, bool overlap);
  bool in_overlap(Timestamp wall_now) const { return previous_ && wall_now < previous_until_; }

  bool v1_ = false;
  std::optional<crypto::Ed25519Key> v1a_;
  std::vector<Chosen> others_;
  Keys current_;
  std::optional<Keys> previous_;
  Timestamp previous_until_;
};

// For receivers (posthorn listen, tests): whether one of the signatures in `header` is ours for the secret. Constant time; the
// timestamp must be within `tolerance` of `wall_now` both ways (Standard Webhooks libraries: 5 minutes).
enum class SignatureVerdict { valid, missing, malformed, too_old, too_new, wrong };
SignatureVerdict verify_v1(std::string_view secret, std::string_view id, std::string_view timestamp, std::string_view header,
                           std::string_view body, Timestamp wall_now, std::chrono::seconds tolerance);

}  // namespace posthorn::domain
