// The handshake by which an endpoint agrees to get events (CloudEvents, HTTP 1.1 Web Hooks for Event Delivery 1.0, section 4):
// what is asked of it, and what its answer means. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/outbound/subscription.h"

namespace posthorn::domain {

// Header lines of the OPTIONS request. `origin`: the name that we ask for. `per_minute`: how many requests a minute are wanted;
// nothing: no rate is asked for. (WebHook-Request-Callback is never sent: consent is in the answer or there is none.)
std::string handshake_header_lines(std::string_view origin, std::optional<std::uint32_t> per_minute);

// What a subscription's own limit asks for: at least 1.
std::uint32_t requests_per_minute(double per_second);

struct HandshakeConsent {
  std::optional<double> per_second;  // WebHook-Allowed-Rate, which counts minutes; nothing: no limit
};

// `allowed_origin` and `allowed_rate`: WebHook-Allowed-Origin and -Rate; null data when absent. Consent is a 2xx answer that
// allows `origin` or "*". A rate that is absent or "*" is no limit; one that is no positive number refuses. Errors
// (unavailable) are for people.
Result<HandshakeConsent> read_handshake_answer(std::string_view origin, int status, std::string_view allowed_origin,
                                               std::string_view allowed_rate);

// The limit of a subscription's lane once its endpoint allowed `allowed_per_second`: the stricter of both.
RateLimit limit_with(const std::optional<RateLimit>& own, double allowed_per_second);

}  // namespace posthorn::domain
