#include "domain/outbound/signature.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kPublicKeyPrefix = "whpk_";

struct SchemeWords {
  SignatureScheme scheme;
  std::string_view word;
  std::string_view header;
};
constexpr std::array<SchemeWords, 7> kSchemes{{
    {SignatureScheme::v1, "v1", "webhook-signature"},
    {SignatureScheme::v1a, "v1a", "webhook-signature"},
    {SignatureScheme::ol_sha256, "ol-sha256", "x-ol-signature"},
    {SignatureScheme::ol_sha512, "ol-sha512", "x-ol-signature"},
    {SignatureScheme::hub_sha256, "hub-sha256", "X-Hub-Signature-256"},
    {SignatureScheme::timestamped, "timestamped", "Posthorn-Signature"},
    {SignatureScheme::secret, "secret", "X-Webhook-Secret"},
}};
constexpr std::string_view kOrchestrySecretHeader = "X-Orchestry-Secret";

template <class Digest>
std::string_view as_bytes(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool has(const std::vector<SignatureScheme>& schemes, SignatureScheme scheme) {
  return std::find(schemes.begin(), schemes.end(), scheme) != schemes.end();
}

}  // namespace

std::string_view to_text(SignatureScheme scheme) {
  for (const auto& known : kSchemes) {
    if (known.scheme == scheme) return known.word;
  }
  return "";
}

std::optional<SignatureScheme> parse_signature_scheme(std::string_view text) {
  for (const auto& known : kSchemes) {
    if (known.word == text) return known.scheme;
  }
  return std::nullopt;
}

std::string signature_scheme_words() {
  std::string words;
  for (const auto& known : kSchemes) words += (words.empty() ? "" : ", ") + std::string(known.word);
  return words;
}

bool has_fixed_header(SignatureScheme scheme) { return scheme == SignatureScheme::v1 || scheme == SignatureScheme::v1a; }

std::string_view header_name(const SubscriptionSettings& settings, SignatureScheme scheme) {
  for (const auto& chosen : settings.signature_headers) {
    if (chosen.scheme == scheme) return chosen.name;
  }
  if (scheme == SignatureScheme::secret && settings.format == Format::orchestry) return kOrchestrySecretHeader;
  for (const auto& known : kSchemes) {
    if (known.scheme == scheme) return known.header;
  }
  return "";
}

std::string signing_key(std::string_view secret) {
  if (secret.starts_with(kSecretPrefix)) {
    if (auto decoded = base64_decode(secret.substr(kSecretPrefix.size()))) return *decoded;
  }
  return std::string(secret);
}

std::string public_key_text(const SubscriptionSecrets& secrets) {
  if (secrets.ed25519_seed.empty()) return {};
  return std::string(kPublicKeyPrefix) + base64_encode(crypto::Ed25519Key(secrets.ed25519_seed).public_key());
}

Signer::Keys Signer::keys_of(const std::string& text, const std::vector<SignatureScheme>& schemes) {
  using enum SignatureScheme;
  Keys keys;
  keys.text = text;
  if (has(schemes, v1)) keys.standard.emplace(signing_key(text));
  if (has(schemes, ol_sha256) || has(schemes, hub_sha256) || has(schemes, timestamped)) keys.sha256.emplace(text);
  if (has(schemes, ol_sha512)) keys.sha512.emplace(text);
  return keys;
}

Signer::Signer(const SubscriptionSettings& settings, const SubscriptionSecrets& secrets)
    : v1_(has(settings.signatures, SignatureScheme::v1)),
      current_(keys_of(secrets.current, settings.signatures)),
      previous_until_(secrets.previous_until) {
  if (!secrets.previous.empty()) previous_ = keys_of(secrets.previous, settings.signatures);
  if (has(settings.signatures, SignatureScheme::v1a) && !secrets.ed25519_seed.empty()) v1a_.emplace(secrets.ed25519_seed);
  for (const auto scheme : settings.signatures) {
    if (!has_fixed_header(scheme)) others_.push_back({scheme, std::string(header_name(settings, scheme))});
  }
}

std::string_view Signer::plain_secret(Timestamp wall_now) const {
  for (const auto& chosen : others_) {
    if (chosen.scheme == SignatureScheme::secret) return in_overlap(wall_now) ? previous_->text : current_.text;
  }
  return {};
}

void Signer::append_headers(std::string& lines, std::string_view event_id, Timestamp wall_now, std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now).time_since_epoch().count();
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, seconds).ptr;
  const Message message{event_id, {digits, static_cast<std::size_t>(end - digits)}, body};
  const bool overlap = in_overlap(wall_now);

  lines += "webhook-id: ";
  lines += event_id;
  lines += "\r\nwebhook-timestamp: ";
  lines += message.timestamp;
  lines += "\r\n";
  if (v1_ || v1a_) append_standard(lines, message, overlap);
  for (const auto& chosen : others_) {
    lines += chosen.header;
    lines += ": ";
    Keys& one = overlap ? *previous_ : current_;
    switch (chosen.scheme) {
      case SignatureScheme::v1:
      case SignatureScheme::v1a:
        break;
      case SignatureScheme::ol_sha256:
      case SignatureScheme::ol_sha512:
        append_ol(lines, chosen.scheme, message, overlap);
        break;
      case SignatureScheme::hub_sha256:
        lines += "sha256=";
        lines += hex_encode(as_bytes(one.sha256->sign({body})));
        break;
      case SignatureScheme::timestamped:
        append_timestamped(lines, message, overlap);
        break;
      case SignatureScheme::secret:
        lines += one.text;
        break;
    }
    lines += "\r\n";
  }
}

void Signer::append_standard(std::string& lines, const Message& message, bool overlap) {
  std::string_view separator = "webhook-signature: ";
  const auto append = [&](std::string_view mark, std::string_view signature) {
    lines += separator;
    lines += mark;
    lines += base64_encode(signature);
    separator = " ";
  };
  if (v1_) {
    const auto parts = {message.id, std::string_view("."), message.timestamp, std::string_view("."), message.body};
    append("v1,", as_bytes(current_.standard->sign(parts)));
    if (overlap) append("v1,", as_bytes(previous_->standard->sign(parts)));
  }
  if (v1a_) {
    std::string text;
    text.reserve(message.id.size() + message.timestamp.size() + message.body.size() + 2);
    ((((text += message.id) += '.') += message.timestamp) += '.') += message.body;
    append("v1a,", v1a_->sign(text));
  }
  lines += "\r\n";
}

void Signer::append_ol(std::string& lines, SignatureScheme scheme, const Message& message, bool overlap) {
  const auto signature = [&](Keys& keys) {
    return scheme == SignatureScheme::ol_sha512 ? base64_encode(as_bytes(keys.sha512->sign({message.body})))
                                                : base64_encode(as_bytes(keys.sha256->sign({message.body})));
  };
  lines += "v1,";
  lines += signature(overlap ? *previous_ : current_);
  if (!overlap) return;
  lines += " v1a,";
  lines += signature(current_);
}

void Signer::append_timestamped(std::string& lines, const Message& message, bool overlap) {
  lines += "t=";
  lines += message.timestamp;
  const auto append = [&](Keys& keys) {
    lines += ",v1=";
    lines += hex_encode(as_bytes(keys.sha256->sign({message.timestamp, ".", message.body})));
  };
  append(current_);
  if (overlap) append(*previous_);
}

}  // namespace posthorn::domain
