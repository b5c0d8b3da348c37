// A JSON Web Token in compact form (RFC 7515, 3.1; RFC 7519): parsed strictly, nothing of it trusted yet.
//
// Limits: kTokenBytesMax; json::parse's depth and its refusal of repeated members hold for header and claims. Header members
// that bring a key along (jwk, jku, x5c, x5u) are never looked at; `crit` is refused, for none of its extensions is known.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/signing.h"

namespace posthorn::jwt {

inline constexpr std::size_t kTokenBytesMax = 16 * 1024;
inline constexpr std::size_t kTokenTextBytesMax = 1024;  // of kid, iss, sub, jti and each audience
inline constexpr std::size_t kAudiencesMax = 32;

// Why a token is refused; for the log and for tests. The caller is told the same words whatever it was.
enum class Fault : std::uint8_t {
  too_large,
  malformed,          // not three parts of base64url, not JSON, repeated members
  wrong_type,         // `typ` says that it is something else
  critical_header,    // `crit`
  unknown_algorithm,  // "none", HS256, …: not one that is allowed here
  bad_claim,          // a claim of the wrong type or out of range
  unknown_key,
  wrong_signature,
  missing_claim,
  wrong_issuer,
  wrong_audience,
  expired,
  not_yet_valid,
  issued_in_future,
  unknown_principal,  // the signature is good, but nobody here is meant
};
std::string_view to_text(Fault fault);

template <class T>
using Checked = boost::system::result<T, Fault>;
[[noreturn]] void throw_exception_from_error(Fault fault, const boost::source_location& place);

// "ES256", "EdDSA", "RS256"; nothing for all others.
std::optional<crypto::SignatureAlgorithm> parse_algorithm(std::string_view text);
std::string_view to_text(crypto::SignatureAlgorithm algorithm);

struct Claims {
  std::string issuer;
  std::string subject;
  std::string id;
  std::vector<std::string> audiences;
  std::optional<Timestamp> expires;
  std::optional<Timestamp> not_before;
  std::optional<Timestamp> issued;
  boost::json::object all;
};

struct Token {
  crypto::SignatureAlgorithm algorithm = crypto::SignatureAlgorithm::es256;
  std::string key_id;  // empty: none
  std::string type;    // `typ` in lower case, without "application/"
  Claims claims;
  std::string_view signed_part;  // views into what was parsed
  std::string signature;
};

// The result's views point into `text`.
Checked<Token> parse_token(std::string_view text);

// A token of type "at+jwt" (RFC 9068), signed with ES256.
std::string sign_token(const boost::json::object& claims, std::string_view key_id, const crypto::PrivateKey& key);

}  // namespace posthorn::jwt
