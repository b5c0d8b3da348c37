#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "crypto/crypto.h"

namespace posthorn::crypto {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kHeadBytes = 5;  // version and key id; authenticated together with the context
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kOverhead = kHeadBytes + kNonceBytes + kTagBytes;
constexpr std::size_t kPlainBytesMax = std::numeric_limits<int>::max() - kOverhead;

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const EVP_CIPHER* aes_256_gcm() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  POSTHORN_CHECK(cipher != nullptr);
  return cipher.get();
}

const unsigned char* in(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* out(char* text) { return reinterpret_cast<unsigned char*>(text); }

std::string head_of(std::uint32_t key_id) {
  std::string head(1, kVersion);
  for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(key_id >> shift);
  return head;
}

Error cannot_unseal(std::string_view why) {
  return {ErrorKind::internal, "cannot_unseal", "a sealed value cannot be opened: " + std::string(why), {}, std::nullopt};
}

}  // namespace

Sealer::Sealer(std::vector<Key> keys) : keys_(std::move(keys)) {
  POSTHORN_CHECK(!keys_.empty());
  for (const auto& key : keys_) POSTHORN_CHECK(key.bytes.size() == kKeyBytes);
}

std::string Sealer::seal(std::string_view plain, std::string_view context) const {
  POSTHORN_CHECK(plain.size() <= kPlainBytesMax && context.size() <= kPlainBytesMax);
  const Key& key = keys_.front();
  const std::string head = head_of(key.id);
  const std::string nonce = random_bytes(kNonceBytes);
  std::string sealed = head + nonce;
  sealed.resize(kOverhead + plain.size());
  char* ciphertext = sealed.data() + kHeadBytes + kNonceBytes;

  const Context cipher(EVP_CIPHER_CTX_new());
  POSTHORN_CHECK(cipher != nullptr);
  int size = 0;
  POSTHORN_CHECK(EVP_EncryptInit_ex2(cipher.get(), aes_256_gcm(), in(key.bytes), in(nonce), nullptr) == 1);
  POSTHORN_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, in(head), static_cast<int>(head.size())) == 1);
  if (!context.empty()) {
    POSTHORN_CHECK(EVP_EncryptUpdate(cipher.get(), nullptr, &size, in(context), static_cast<int>(context.size())) == 1);
  }
  if (!plain.empty()) {
    POSTHORN_CHECK(EVP_EncryptUpdate(cipher.get(), out(ciphertext), &size, in(plain), static_cast<int>(plain.size())) == 1);
  }
  char* tag = ciphertext + plain.size();
  POSTHORN_CHECK(EVP_EncryptFinal_ex(cipher.get(), out(tag), &size) == 1 && size == 0);
  POSTHORN_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag) == 1);
  return sealed;
}

Result<std::string> Sealer::open(std::string_view sealed, std::string_view context) const {
  if (sealed.size() < kOverhead || sealed.size() > kPlainBytesMax || context.size() > kPlainBytesMax) {
    return cannot_unseal("it has not the size of one");
  }
  const auto head = sealed.substr(0, kHeadBytes);
  const auto nonce = sealed.substr(kHeadBytes, kNonceBytes);
  const auto ciphertext = sealed.substr(kHeadBytes + kNonceBytes, sealed.size() - kOverhead);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  if (head[0] != kVersion) return cannot_unseal("its version is unknown");
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return head_of(k.id) == head; });
  if (key == keys_.end()) return cannot_unseal("the master key that sealed it is not configured");

  const Context cipher(EVP_CIPHER_CTX_new());
  POSTHORN_CHECK(cipher != nullptr);
  std::string plain(ciphertext.size(), '\0');
  int size = 0;
  POSTHORN_CHECK(EVP_DecryptInit_ex2(cipher.get(), aes_256_gcm(), in(key->bytes), in(nonce), nullptr) == 1);
  POSTHORN_CHECK(EVP_DecryptUpdate(cipher.get(), nullptr, &size, in(head), static_cast<int>(head.size())) == 1);
  if (!context.empty()) {
    POSTHORN_CHECK(EVP_DecryptUpdate(cipher.get(), nullptr, &size, in(context), static_cast<int>(context.size())) == 1);
  }
  if (!ciphertext.empty()) {
    POSTHORN_CHECK(
        EVP_DecryptUpdate(cipher.get(), out(plain.data()), &size, in(ciphertext), static_cast<int>(ciphertext.size())) == 1);
  }
  POSTHORN_CHECK(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), out(tag.data()), &size) != 1) {
    return cannot_unseal("it was damaged, moved, or sealed with another key");
  }
  return plain;
}

std::optional<std::uint32_t> Sealer::key_of(std::string_view sealed) {
  if (sealed.size() < kOverhead || sealed[0] != kVersion) return std::nullopt;
  std::uint32_t id = 0;
  for (const char byte : sealed.substr(1, kHeadBytes - 1)) id = id << 8 | static_cast<unsigned char>(byte);
  return id;
}

}  // namespace posthorn::crypto
