// Cryptography, by OpenSSL 3: digests, HMAC, random bytes, sealing. OpenSSL's headers appear only in this folder and net/.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::crypto {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha512 = std::array<std::uint8_t, 64>;

Sha256 sha256(std::string_view bytes);

// Incremental SHA-256, for files and streams.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void update(std::string_view bytes);
  Sha256 finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One keyed HMAC context, re-initialised for each message (about 1 µs). Not thread-safe.
template <class Digest>
class Hmac {
 public:
  explicit Hmac(std::string_view key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;

  // Over the parts in order, as if they were one text.
  Digest sign(std::initializer_list<std::string_view> parts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
using HmacSha256 = Hmac<Sha256>;
using HmacSha512 = Hmac<Sha512>;

// An Ed25519 key pair (RFC 8032), made of its 32-byte seed; PublicKey::eddsa (signing.h) verifies. Not thread-safe. A signature
// takes some tens of microseconds.
inline constexpr std::size_t kEd25519SeedBytes = 32;
class Ed25519Key {
 public:
  // Precondition: kEd25519SeedBytes.
  explicit Ed25519Key(std::string_view seed);
  ~Ed25519Key();
  Ed25519Key(Ed25519Key&&) noexcept;
  Ed25519Key& operator=(Ed25519Key&&) noexcept;

  std::string public_key() const;                    // 32 bytes
  std::string sign(std::string_view message) const;  // 64 bytes

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// From the operating system's generator; for keys, secrets and nonces.
std::string random_bytes(std::size_t count);

// In time that depends on the lengths only.
bool constant_time_equal(std::string_view left, std::string_view right);

// Sealer: AES-256-GCM under a key ring. What it seals names its key, so that keys can change while old rows are still read.
//   sealed = 1 byte version | 4 bytes key id | 12 bytes nonce | ciphertext | 16 bytes tag
// The context (a row's identity) is authenticated with it: a sealed secret moved to another row does not open.
class Sealer {
 public:
  struct Key {
    std::uint32_t id;
    std::string bytes;  // 32
  };
  // The first key seals; all of them open. Precondition: at least one, each of 32 bytes.
  explicit Sealer(std::vector<Key> keys);

  std::string seal(std::string_view plain, std::string_view context) const;
  // Errors: internal, code "cannot_unseal" (unknown key, damaged, wrong context).
  Result<std::string> open(std::string_view sealed, std::string_view context) const;

  // The id of the key that sealed it, as its head says; nothing when it has not the form of a sealed value.
  static std::optional<std::uint32_t> key_of(std::string_view sealed);

 private:
  std::vector<Key> keys_;
};

}  // namespace posthorn::crypto
