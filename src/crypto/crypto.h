// Cryptography, by OpenSSL 3: digests, HMAC, random bytes, sealing. OpenSSL's headers appear only in this folder and net/.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace posthorn::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

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

// One keyed HMAC-SHA-256 context, re-initialised for each message (about 1 µs). Not thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  ~HmacSha256();
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;

  // Over the parts in order, as if they were one text.
  Sha256 sign(std::initializer_list<std::string_view> parts);

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

 private:
  std::vector<Key> keys_;
};

}  // namespace posthorn::crypto
