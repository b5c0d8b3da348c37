#include <openssl/evp.h>

#include "base/check.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {
namespace {

constexpr std::size_t kPublicKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeKey>;

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

struct Ed25519Key::Impl {
  OwnedKey key;
  Context context{EVP_MD_CTX_new()};
};

Ed25519Key::Ed25519Key(std::string_view seed) : impl_(std::make_unique<Impl>()) {
  POSTHORN_CHECK(seed.size() == kEd25519SeedBytes);
  impl_->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, in(seed), seed.size()));
  POSTHORN_CHECK(impl_->key != nullptr && impl_->context != nullptr);
}

Ed25519Key::~Ed25519Key() = default;
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key& Ed25519Key::operator=(Ed25519Key&&) noexcept = default;

std::string Ed25519Key::public_key() const {
  std::string bytes(kPublicKeyBytes, '\0');
  std::size_t size = bytes.size();
  POSTHORN_CHECK(EVP_PKEY_get_raw_public_key(impl_->key.get(), out(bytes), &size) == 1 && size == bytes.size());
  return bytes;
}

std::string Ed25519Key::sign(std::string_view message) const {
  EVP_MD_CTX* context = impl_->context.get();
  POSTHORN_CHECK(EVP_MD_CTX_reset(context) == 1);
  POSTHORN_CHECK(EVP_DigestSignInit(context, nullptr, nullptr, nullptr, impl_->key.get()) == 1);
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  POSTHORN_CHECK(EVP_DigestSign(context, out(signature), &size, in(message), message.size()) == 1 && size == signature.size());
  return signature;
}

}  // namespace posthorn::crypto
