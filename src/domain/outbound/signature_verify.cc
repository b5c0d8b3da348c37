// The receiver's side of v1.
#include <charconv>

#include "base/text.h"
#include "domain/outbound/signature.h"

namespace posthorn::domain {
namespace {

std::optional<Timestamp> parse_unix_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > 100'000'000'000) return std::nullopt;
  return Timestamp(std::chrono::seconds(seconds));
}

}  // namespace

SignatureVerdict verify_v1(std::string_view secret, std::string_view id, std::string_view timestamp, std::string_view header,
                           std::string_view body, Timestamp wall_now, std::chrono::seconds tolerance) {
  if (id.empty() || timestamp.empty() || header.empty()) return SignatureVerdict::missing;
  const auto signed_at = parse_unix_seconds(timestamp);
  if (!signed_at) return SignatureVerdict::malformed;
  if (*signed_at < wall_now - tolerance) return SignatureVerdict::too_old;
  if (*signed_at > wall_now + tolerance) return SignatureVerdict::too_new;

  crypto::HmacSha256 key(signing_key(secret));
  const auto digest = key.sign({id, ".", timestamp, ".", body});
  const std::string expected = base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
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
