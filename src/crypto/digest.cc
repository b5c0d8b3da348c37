#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {
namespace {

struct FreeDigest {
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeDigest>;

// Fetched once: looking an algorithm up by name costs more than hashing a short text.
const EVP_MD* sha256_algorithm() {
  static const Owned<EVP_MD> algorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  POSTHORN_CHECK(algorithm != nullptr);
  return algorithm.get();
}

EVP_MAC* hmac_algorithm() {
  static const Owned<EVP_MAC> algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  POSTHORN_CHECK(algorithm != nullptr);
  return algorithm.get();
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest;
  POSTHORN_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256_algorithm(), nullptr) == 1);
  return digest;
}

struct Sha256Stream::Impl {
  Owned<EVP_MD_CTX> context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : impl_(std::make_unique<Impl>()) {
  POSTHORN_CHECK(impl_->context != nullptr);
  POSTHORN_CHECK(EVP_DigestInit_ex2(impl_->context.get(), sha256_algorithm(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::update(std::string_view bytes) {
  POSTHORN_CHECK(EVP_DigestUpdate(impl_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Stream::finish() {
  Sha256 digest;
  POSTHORN_CHECK(EVP_DigestFinal_ex(impl_->context.get(), digest.data(), nullptr) == 1);
  POSTHORN_CHECK(EVP_DigestInit_ex2(impl_->context.get(), sha256_algorithm(), nullptr) == 1);
  return digest;
}

template <class Digest>
struct Hmac<Digest>::Impl {
  Owned<EVP_MAC_CTX> context{EVP_MAC_CTX_new(hmac_algorithm())};
};

template <class Digest>
Hmac<Digest>::Hmac(std::string_view key) : impl_(std::make_unique<Impl>()) {
  char name[] = "SHA256";
  if constexpr (std::is_same_v<Digest, Sha512>) std::memcpy(name, "SHA512", sizeof name);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                   OSSL_PARAM_construct_end()};
  static constexpr unsigned char kNoKey = 0;  // a null key would mean "the key of before"
  const unsigned char* key_bytes = key.empty() ? &kNoKey : bytes_of(key);
  POSTHORN_CHECK(impl_->context != nullptr);
  POSTHORN_CHECK(EVP_MAC_init(impl_->context.get(), key_bytes, key.size(), parameters) == 1);
}

template <class Digest>
Hmac<Digest>::~Hmac() = default;
template <class Digest>
Hmac<Digest>::Hmac(Hmac&&) noexcept = default;
template <class Digest>
Hmac<Digest>& Hmac<Digest>::operator=(Hmac&&) noexcept = default;

template <class Digest>
Digest Hmac<Digest>::sign(std::initializer_list<std::string_view> parts) {
  EVP_MAC_CTX* context = impl_->context.get();
  POSTHORN_CHECK(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
  for (const auto part : parts) POSTHORN_CHECK(EVP_MAC_update(context, bytes_of(part), part.size()) == 1);
  Digest signature;
  std::size_t size = 0;
  POSTHORN_CHECK(EVP_MAC_final(context, signature.data(), &size, signature.size()) == 1 && size == signature.size());
  return signature;
}

template class Hmac<Sha256>;
template class Hmac<Sha512>;

bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace posthorn::crypto
