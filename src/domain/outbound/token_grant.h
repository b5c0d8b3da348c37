// OAuth 2's client-credentials grant (RFC 6749, 4.4): what is asked of a token server, and what its answer means. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "domain/outbound/subscription_secrets.h"

namespace posthorn::domain {

inline constexpr std::size_t kTokenBytesMax = 12 * 1024;
inline constexpr auto kTokenLifetimeAssumed = std::chrono::seconds(300);  // when the server does not say
inline constexpr auto kTokenLifetimeMax = std::chrono::hours(24);

struct TokenRequest {
  std::string header_lines;
  std::string body;
};

// `authentication` is of kind oauth2. Id and secret go as HTTP Basic, each form-encoded first (RFC 6749, 2.3.1), or into the
// form where the subscription says so.
TokenRequest token_request(const EndpointAuthentication& authentication);

struct TokenGrant {
  std::string token;
  std::chrono::seconds usable_for{0};  // from the moment it was asked for: ends before the server's own limit
};

// Errors (unavailable) are for people: the server's error word when it is one of RFC 6749's form, never its description nor
// the body, which may repeat what was sent.
Result<TokenGrant> read_token_answer(int status, std::string_view body);

}  // namespace posthorn::domain
