#include "domain/outbound/webhook_handshake.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace posthorn::domain {
namespace {

constexpr double kPerMinuteMax = 1e9;

Error refused(std::string message) { return unavailable(std::move(message), "handshake_refused"); }

// The header may list several names.
bool lists(std::string_view value, std::string_view origin) {
  for (std::size_t at = 0; at <= value.size();) {
    const auto comma = std::min(value.find(',', at), value.size());
    const auto name = trim(value.substr(at, comma - at));
    if (name == "*" || equals_ignoring_case(name, origin)) return true;
    at = comma + 1;
  }
  return false;
}

}  // namespace

std::string handshake_header_lines(std::string_view origin, std::optional<std::uint32_t> per_minute) {
  std::string lines = "WebHook-Request-Origin: " + std::string(origin) + "\r\n";
  if (per_minute) lines += "WebHook-Request-Rate: " + std::to_string(*per_minute) + "\r\n";
  return lines;
}

std::uint32_t requests_per_minute(double per_second) {
  return static_cast<std::uint32_t>(std::clamp(std::floor(per_second * 60), 1.0, kPerMinuteMax));
}

Result<HandshakeConsent> read_handshake_answer(std::string_view origin, int status, std::string_view allowed_origin,
                                               std::string_view allowed_rate) {
  if (status < 200 || status > 299) return refused("the endpoint answered " + std::to_string(status) + " to the handshake");
  if (allowed_origin.data() == nullptr) {
    return refused("the endpoint's answer to the handshake has no WebHook-Allowed-Origin");
  }
  if (!lists(allowed_origin, origin)) return refused("the endpoint does not allow the origin " + std::string(origin));
  const auto rate = trim(allowed_rate);
  if (rate.empty() || rate == "*") return HandshakeConsent{};
  std::uint64_t per_minute = 0;
  const auto [end, error] = std::from_chars(rate.data(), rate.data() + rate.size(), per_minute);
  if (error != std::errc() || end != rate.data() + rate.size() || per_minute == 0) {
    return refused("the endpoint's WebHook-Allowed-Rate is not a positive number");
  }
  return HandshakeConsent{std::min(static_cast<double>(per_minute), kPerMinuteMax) / 60.0};
}

RateLimit limit_with(const std::optional<RateLimit>& own, double allowed_per_second) {
  if (own && own->per_second <= allowed_per_second) return *own;
  return {allowed_per_second, 1};
}

}  // namespace posthorn::domain
