// KeySet: the public keys of one issuer (RFC 7517), and which of them a token may be checked with.
//
// Read from a JWKS document. Keys that are not for signing, of kinds or algorithms that are not known here, or that are weak or
// damaged, are left out, as RFC 7517 (5) asks; symmetric ones always are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/signing.h"

namespace posthorn::jwt {

inline constexpr std::size_t kKeySetBytesMax = 256 * 1024;
inline constexpr std::size_t kKeySetKeysMax = 100;

struct VerifyingKey {
  std::string id;  // empty: none
  crypto::PublicKey key;
};

class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::vector<VerifyingKey> keys) : keys_(std::move(keys)) {}

  // Errors: malformed (no JSON, no "keys"), payload_too_large.
  static Result<KeySet> parse(std::string_view document);

  // The key of this id made for this algorithm. A token without a key id has one only when there is just one such key.
  // Null when there is none.
  const crypto::PublicKey* find(std::string_view id, crypto::SignatureAlgorithm algorithm) const;

  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<VerifyingKey> keys_;
};

}  // namespace posthorn::jwt
