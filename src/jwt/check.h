// The check of a parsed token, by the book (RFC 7519, 7.2; RFC 8725).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "jwt/key_set.h"
#include "jwt/token.h"

namespace posthorn::jwt {

inline constexpr auto kClockLeeway = std::chrono::seconds(60);  // of the issuer's clock against ours, both ways

struct Expectation {
  std::string issuer;
  std::vector<std::string> audiences;  // one of them must be in the token
  std::vector<crypto::SignatureAlgorithm> algorithms;
  std::string type;  // exactly this `typ`; empty: "jwt", "at+jwt" or none
  // A token must end (`exp`); what an issuer says about its life is not doubted.
};

// What can be checked without a key, and cheaply: type, algorithm, issuer, audience, times. Done before the signature, so that
// an expired token costs no public-key arithmetic.
Checked<void> check_claims(const Token& token, const Expectation& expected, Timestamp now);

// The signature, by the one key that the token's id and algorithm name. unknown_key when there is none.
Checked<void> check_signature(const Token& token, const KeySet& keys);

}  // namespace posthorn::jwt
