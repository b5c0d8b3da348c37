#include "domain/outbound/signature.h"

#include <charconv>

#include "base/text.h"

namespace posthorn::domain {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";

std::string_view as_bytes(const crypto::Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::optional<Timestamp> parse_unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > 100'000'000'000) return std::nullopt;
  return Timestamp(std::chrono::seconds(seconds));
}

}  // namespace

std::string_view to_text(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::v1:
      return "v1";
  }
  return "";
}

std::optional<SignatureScheme> parse_signature_scheme(std::string_view text) {
  if (text == "v1") return SignatureScheme::v1;
  return std::nullopt;
}

std::string signing_key(std::string_view secret) {
  if (secret.starts_with(kSecretPrefix)) {
    if (auto decoded = base64_decode(secret.substr(kSecretPrefix.size()))) return *decoded;
  }
  return std::string(secret);
}

Signer::Signer(std::vector<SignatureScheme> schemes, const std::vector<std::string>& secrets) : schemes_(std::move(schemes)) {
  for (const auto& secret : secrets) keys_.emplace_back(signing_key(secret));
}

void Signer::append_headers(std::string& lines, std::string_view event_id, Timestamp wall_now, std::string_view body) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall_now).time_since_epoch().count();
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, seconds).ptr;
  const std::string_view timestamp(digits, static_cast<std::size_t>(end - digits));

  lines += "webhook-id: ";
  lines += event_id;
  lines += "\r\nwebhook-timestamp: ";
  lines += timestamp;
  lines += "\r\n";
  for (const auto scheme : schemes_) {
    switch (scheme) {
      case SignatureScheme::v1: {
        std::string_view separator = "webhook-signature: ";
        for (auto& key : keys_) {
          lines += separator;
          lines += "v1,";
          lines += base64_encode(as_bytes(key.sign({event_id, ".", timestamp, ".", body})));
          separator = " ";
        }
        lines += "\r\n";
        break;
      }
    }
  }
}

SignatureVerdict verify_v1(std::string_view secret, std::string_view id, std::string_view timestamp, std::string_view header,
                           std::string_view body, Timestamp wall_now, std::chrono::seconds tolerance) {
  if (id.empty() || timestamp.empty() || header.empty()) return SignatureVerdict::missing;
  const auto signed_at = parse_unix_seconds(timestamp);
  if (!signed_at) return SignatureVerdict::malformed;
  if (*signed_at < wall_now - tolerance) return SignatureVerdict::too_old;
  if (*signed_at > wall_now + tolerance) return SignatureVerdict::too_new;

  crypto::HmacSha256 key(signing_key(secret));
  const std::string expected = base64_encode(as_bytes(key.sign({id, ".", timestamp, ".", body})));
  constexpr int kSignaturesTriedMax = 5;
  for (int tried = 0; tried < kSignaturesTriedMax && !header.empty(); ++tried) {
    const auto space = header.find(' ');
    const std::string_view one = header.substr(0, space);
    header = space == std::string_view::npos ? std::string_view() : header.substr(space + 1);
    if (one.starts_with("v1,") && crypto::constant_time_equal(one.substr(3), expected)) return SignatureVerdict::valid;
  }
  return SignatureVerdict::wrong;
}

}  // namespace posthorn::domain
