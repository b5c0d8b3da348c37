#include "jwt/check.h"

#include <algorithm>

namespace posthorn::jwt {
namespace {

bool is_expected_type(std::string_view type, std::string_view expected) {
  if (!expected.empty()) return type == expected;
  return type.empty() || type == "jwt" || type == "at+jwt";
}

bool shares_one(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  return std::any_of(left.begin(), left.end(),
                     [&](const std::string& text) { return std::find(right.begin(), right.end(), text) != right.end(); });
}

}  // namespace

Checked<void> check_claims(const Token& token, const Expectation& expected, Timestamp now) {
  const Claims& claims = token.claims;
  if (!is_expected_type(token.type, expected.type)) return Fault::wrong_type;
  if (std::find(expected.algorithms.begin(), expected.algorithms.end(), token.algorithm) == expected.algorithms.end()) {
    return Fault::unknown_algorithm;
  }
  if (claims.issuer != expected.issuer) return Fault::wrong_issuer;
  if (!shares_one(claims.audiences, expected.audiences)) return Fault::wrong_audience;
  if (claims.subject.empty() || !claims.expires) return Fault::missing_claim;
  if (now >= *claims.expires + kClockLeeway) return Fault::expired;
  if (claims.not_before && *claims.not_before > now + kClockLeeway) return Fault::not_yet_valid;
  if (claims.issued && *claims.issued > now + kClockLeeway) return Fault::issued_in_future;
  return {};
}

Checked<void> check_signature(const Token& token, const KeySet& keys) {
  const crypto::PublicKey* key = keys.find(token.key_id, token.algorithm);
  if (key == nullptr) return Fault::unknown_key;
  if (!key->verify(token.signed_part, token.signature)) return Fault::wrong_signature;
  return {};
}

}  // namespace posthorn::jwt
