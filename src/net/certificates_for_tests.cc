#include "net/certificates_for_tests.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/check.h"

namespace posthorn::net {
namespace {

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  POSTHORN_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Identity make_identity(const CertificateWish& wish, const Identity* issuer) {
  static std::atomic<long> serial{1};
  Identity made{OpensslPtr<EVP_PKEY>(wish.rsa_bits != 0 ? EVP_RSA_gen(wish.rsa_bits) : EVP_EC_gen("P-256")),
                OpensslPtr<X509>(X509_new())};
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wish.valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wish.valid_to);
  X509_set_pubkey(certificate, made.key.get());
  const auto* subject = reinterpret_cast<const unsigned char*>(wish.subject.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, subject, -1, -1, 0);
  X509* signer = issuer != nullptr ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  std::string names;
  for (const auto& name : wish.alternative_names) names += (names.empty() ? "" : ",") + name;
  if (!wish.authority && !names.empty()) add_extension(certificate, signer, NID_subject_alt_name, names);
  EVP_PKEY* key = issuer != nullptr ? issuer->key.get() : made.key.get();
  POSTHORN_CHECK(X509_sign(certificate, key, wish.sha1 ? EVP_sha1() : EVP_sha256()) > 0);
  return made;
}

namespace {

std::string text_in(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free_all(bio);
  return text;
}

int accept_every_certificate(int, X509_STORE_CTX*) { return 1; }

}  // namespace

std::string certificate_pem(const Identity& identity) {
  BIO* bio = BIO_new(BIO_s_mem());
  POSTHORN_CHECK(PEM_write_bio_X509(bio, identity.certificate.get()) == 1);
  return text_in(bio);
}

std::string key_pem(const Identity& identity, const std::string& password) {
  BIO* bio = BIO_new(BIO_s_mem());
  const auto* cipher = password.empty() ? nullptr : EVP_aes_128_cbc();
  POSTHORN_CHECK(PEM_write_bio_PKCS8PrivateKey(bio, identity.key.get(), cipher, password.data(),
                                               static_cast<int>(password.size()), nullptr, nullptr) == 1);
  return text_in(bio);
}

std::string write_certificate(const Identity& identity, const std::string& name) {
  const auto path =
      std::filesystem::temp_directory_path().string() + "/posthorn_net_" + std::to_string(::getpid()) + "_" + name + ".pem";
  FILE* file = std::fopen(path.c_str(), "w");
  POSTHORN_CHECK(file != nullptr && PEM_write_X509(file, identity.certificate.get()) == 1);
  std::fclose(file);
  return path;
}

TlsPeer::TlsPeer(TestPeer& peer, const Identity& identity, const TlsServerWish& wish)
    : peer_(peer), context_(SSL_CTX_new(TLS_server_method())) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  auto* context = context_.get();
  SSL_CTX_set_security_level(context, 0);  // bad certificates and old versions must be possible here
  SSL_CTX_set_min_proto_version(context, wish.min_version);
  SSL_CTX_set_max_proto_version(context, wish.max_version);
  if (wish.asks_for_certificate) SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (wish.trusts_every_client) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_every_certificate);
  POSTHORN_CHECK(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1);
  POSTHORN_CHECK(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1);
  stream_.reset(SSL_new(context));
  SSL_set_fd(stream_.get(), peer_.descriptor());
}

bool TlsPeer::shake_hands() { return SSL_accept(stream_.get()) == 1; }

std::optional<std::string> TlsPeer::read_request() {
  std::string request;
  char bytes[16384];
  for (;;) {
    if (const auto whole = TestPeer::whole_request(request)) {
      POSTHORN_CHECK(*whole == request.size());
      return request;
    }
    const int size = SSL_read(stream_.get(), bytes, sizeof bytes);
    if (size <= 0) return std::nullopt;
    request.append(bytes, static_cast<std::size_t>(size));
  }
}

bool TlsPeer::send(std::string_view bytes) {
  return SSL_write(stream_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
}

std::string TlsPeer::client_name() const {
  const X509* certificate = SSL_get0_peer_certificate(stream_.get());
  if (certificate == nullptr) return {};
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

std::string TlsPeer::server_name() const {
  const char* name = SSL_get_servername(stream_.get(), TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

}  // namespace posthorn::net
