#include "net/client_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <vector>

namespace posthorn::net {
namespace {

constexpr std::string_view kCode = "invalid_certificate";

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<BIO> reader_of(std::string_view text) { return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Without it OpenSSL would ask the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) { return -1; }

Result<std::vector<Owned<X509>>> read_certificates(std::string_view text, const std::string& field) {
  const auto bio = reader_of(text);
  std::vector<Owned<X509>> certificates;
  for (;;) {
    Owned<X509> next(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!next) break;
    if (certificates.size() == kCertificatesOfChainMax) return invalid(field, "has too many certificates", kCode);
    certificates.push_back(std::move(next));
  }
  const auto error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !at_end) return invalid(field, "must be a certificate in PEM, and perhaps its chain", kCode);
  return certificates;
}

std::string digest_of(std::string_view certificate, std::string_view private_key) {
  // A length between the two keeps them apart.
  const std::string all = std::to_string(certificate.size()) + ':' + std::string(certificate) + std::string(private_key);
  std::array<unsigned char, 32> digest{};
  std::size_t size = digest.size();
  EVP_Q_digest(nullptr, "SHA256", nullptr, all.data(), all.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

struct ClientIdentity::Parts {
  std::vector<Owned<X509>> certificates;  // the first is our own
  Owned<EVP_PKEY> key;
};

ClientIdentity::ClientIdentity(std::unique_ptr<Parts> parts, std::string fingerprint)
    : parts_(std::move(parts)), fingerprint_(std::move(fingerprint)) {}

ClientIdentity::~ClientIdentity() = default;

Result<std::shared_ptr<const ClientIdentity>> ClientIdentity::make(std::string_view certificate, std::string_view private_key,
                                                                   const std::string& field) {
  auto certificates = read_certificates(certificate, field + "/certificate");
  if (!certificates) return std::move(certificates).error();
  const auto bio = reader_of(private_key);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  if (!key) return invalid(field + "/privateKey", "must be a private key in PEM, without a password", kCode);
  const bool fits = X509_check_private_key(certificates->front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) return invalid(field + "/privateKey", "is not the key of the certificate", kCode);
  auto parts = std::make_unique<Parts>(Parts{std::move(*certificates), std::move(key)});
  return std::shared_ptr<const ClientIdentity>(new ClientIdentity(std::move(parts), digest_of(certificate, private_key)));
}

bool ClientIdentity::present_on(ssl_st* stream) const {
  bool good = SSL_use_certificate(stream, parts_->certificates.front().get()) == 1 &&
              SSL_use_PrivateKey(stream, parts_->key.get()) == 1;
  for (std::size_t i = 1; good && i < parts_->certificates.size(); ++i) {
    good = SSL_add1_chain_cert(stream, parts_->certificates[i].get()) == 1;
  }
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace posthorn::net
