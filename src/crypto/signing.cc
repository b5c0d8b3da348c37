#include "crypto/signing.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/check.h"

namespace posthorn::crypto {
namespace {

constexpr std::size_t kCoordinateBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;
constexpr std::size_t kExponentBytesMax = 8;

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

EVP_PKEY* native(const std::shared_ptr<void>& key) { return static_cast<EVP_PKEY*>(key.get()); }

std::shared_ptr<void> own(EVP_PKEY* key) {
  return {key, [](void* owned) { EVP_PKEY_free(static_cast<EVP_PKEY*>(owned)); }};
}

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

// Null when OpenSSL does not take the parameters.
std::shared_ptr<void> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  POSTHORN_CHECK(parameters != nullptr && context != nullptr);
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  ERR_clear_error();
  return made ? own(key) : nullptr;
}

Error bad_key(std::string message) { return invalid({}, std::move(message), "bad_key"); }

bool verify_with(EVP_PKEY* key, const EVP_MD* digest, std::string_view message, std::string_view signature) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  POSTHORN_CHECK(context != nullptr);
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return good;
}

// r | s to DER, which OpenSSL's verification reads. Empty when the length is another.
std::string to_der_signature(std::string_view raw) {
  if (raw.size() != 2 * kCoordinateBytes) return {};
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  auto r = number_of(raw.substr(0, kCoordinateBytes));
  auto s = number_of(raw.substr(kCoordinateBytes));
  POSTHORN_CHECK(signature && r && s);
  POSTHORN_CHECK(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);  // it owns them now
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  unsigned char* at = bytes_of(der);
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

std::string coordinate_of(EVP_PKEY* key, const char* name) {
  BIGNUM* read = nullptr;
  POSTHORN_CHECK(EVP_PKEY_get_bn_param(key, name, &read) == 1);
  const Owned<BIGNUM> number(read);
  std::string bytes(kCoordinateBytes, '\0');
  POSTHORN_CHECK(BN_bn2binpad(number.get(), bytes_of(bytes), static_cast<int>(kCoordinateBytes)) >= 0);
  return bytes;
}

}  // namespace

Result<PublicKey> PublicKey::es256(std::string_view x, std::string_view y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) return bad_key("a coordinate of P-256 has 32 bytes");
  std::string point = "\x04";  // uncompressed (SEC 1, 2.3.3)
  point.append(x).append(y);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  POSTHORN_CHECK(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
                 OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  auto key = key_from("EC", builder.get());
  if (!key) return bad_key("is no point of P-256");
  return PublicKey(SignatureAlgorithm::es256, std::move(key));
}

Result<PublicKey> PublicKey::eddsa(std::string_view x) {
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(x), x.size());
  ERR_clear_error();
  if (key == nullptr) return bad_key("is no key of Ed25519");
  return PublicKey(SignatureAlgorithm::eddsa, own(key));
}

Result<PublicKey> PublicKey::rs256(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kRsaBitsMax / 8 + 1 || exponent.size() > kExponentBytesMax) return bad_key("the RSA key is too large");
  const auto n = number_of(modulus);
  const auto e = number_of(exponent);
  POSTHORN_CHECK(n && e);
  const auto bits = static_cast<std::size_t>(BN_num_bits(n.get()));
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return bad_key("an RSA key has 2048 to 8192 bits");
  if (BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0) return bad_key("the RSA exponent is not acceptable");
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  POSTHORN_CHECK(builder && OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1 &&
                 OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  auto key = key_from("RSA", builder.get());
  if (!key) return bad_key("is no RSA key");
  return PublicKey(SignatureAlgorithm::rs256, std::move(key));
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  EVP_PKEY* key = native(key_);
  switch (algorithm_) {
    case SignatureAlgorithm::es256: {
      const std::string der = to_der_signature(signature);
      return !der.empty() && verify_with(key, EVP_sha256(), message, der);
    }
    case SignatureAlgorithm::eddsa:
      return signature.size() == kEd25519SignatureBytes && verify_with(key, nullptr, message, signature);
    case SignatureAlgorithm::rs256:  // PKCS #1 v1.5, which is OpenSSL's default for RSA
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key)) &&
             verify_with(key, EVP_sha256(), message, signature);
  }
  return false;
}

PrivateKey PrivateKey::generate() {
  EVP_PKEY* key = EVP_EC_gen("prime256v1");
  POSTHORN_CHECK(key != nullptr);
  return PrivateKey(own(key));
}

Result<PrivateKey> PrivateKey::from_der(std::string_view der) {
  const unsigned char* at = bytes_of(der);
  auto key = own(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  const bool good = key && EVP_PKEY_is_a(native(key), "EC") == 1 && EVP_PKEY_get_bits(native(key)) == 256;
  if (!good) return Error{ErrorKind::internal, "bad_key", "the stored signing key cannot be read", {}, {}};
  return PrivateKey(std::move(key));
}

std::string PrivateKey::to_der() const {
  std::string der(static_cast<std::size_t>(i2d_PrivateKey(native(key_), nullptr)), '\0');
  unsigned char* at = bytes_of(der);
  POSTHORN_CHECK(i2d_PrivateKey(native(key_), &at) > 0);
  return der;
}

std::string PrivateKey::sign(std::string_view message) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string der(128, '\0');
  std::size_t size = der.size();
  POSTHORN_CHECK(context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, native(key_)) == 1 &&
                 EVP_DigestSign(context.get(), bytes_of(der), &size, bytes_of(message), message.size()) == 1);
  const unsigned char* at = bytes_of(der);
  const Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  POSTHORN_CHECK(signature != nullptr);
  std::string raw(2 * kCoordinateBytes, '\0');
  const auto width = static_cast<int>(kCoordinateBytes);
  POSTHORN_CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes_of(raw), width) == width &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes_of(raw) + width, width) == width);
  return raw;
}

PublicKey PrivateKey::public_key() const {
  const Point at = point();
  return std::move(PublicKey::es256(at.x, at.y)).value();
}

PrivateKey::Point PrivateKey::point() const {
  return {coordinate_of(native(key_), OSSL_PKEY_PARAM_EC_PUB_X), coordinate_of(native(key_), OSSL_PKEY_PARAM_EC_PUB_Y)};
}

}  // namespace posthorn::crypto
