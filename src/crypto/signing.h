// Keys that sign and verify: ES256, EdDSA (Ed25519), and RS256 for verifying only. By OpenSSL 3.
//
// Each key belongs to one algorithm and is asked for nothing else, so that a signature of one kind is never checked as another
// (RFC 8725, 3.1). Signatures are the raw ones of JWS (RFC 7518, 3.4): for ES256 64 bytes r | s, not DER.
// Concurrency: keys are immutable; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace posthorn::crypto {

enum class SignatureAlgorithm : std::uint8_t { es256, eddsa, rs256 };

inline constexpr std::size_t kRsaBitsMin = 2048;
inline constexpr std::size_t kRsaBitsMax = 8192;

class PublicKey {
 public:
  // Big-endian numbers as a JWK has them (RFC 7518, 6.2 and 6.3; RFC 8037). Errors: invalid_argument, for a point that is not
  // on the curve, a modulus outside kRsaBitsMin…Max, an exponent that is even or below 3 or has more than 8 bytes.
  static Result<PublicKey> es256(std::string_view x, std::string_view y);
  static Result<PublicKey> eddsa(std::string_view x);
  static Result<PublicKey> rs256(std::string_view modulus, std::string_view exponent);

  SignatureAlgorithm algorithm() const { return algorithm_; }
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  friend class PrivateKey;
  PublicKey(SignatureAlgorithm algorithm, std::shared_ptr<void> key) : algorithm_(algorithm), key_(std::move(key)) {}

  SignatureAlgorithm algorithm_;
  std::shared_ptr<void> key_;
};

// An ES256 key: P-256 with SHA-256.
class PrivateKey {
 public:
  static PrivateKey generate();
  // What to_der() gave. Errors: internal, code "bad_key".
  static Result<PrivateKey> from_der(std::string_view der);

  std::string to_der() const;
  std::string sign(std::string_view message) const;  // 64 bytes
  PublicKey public_key() const;
  // The public point's coordinates, 32 bytes each.
  struct Point {
    std::string x;
    std::string y;
  };
  Point point() const;

 private:
  explicit PrivateKey(std::shared_ptr<void> key) : key_(std::move(key)) {}

  std::shared_ptr<void> key_;
};

}  // namespace posthorn::crypto
