#include "net/tls_facts.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

namespace posthorn::net {
namespace {

constexpr std::size_t kNameBytesShown = 1024;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  // UTF-8 stays as it is; control characters are escaped.
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, std::min(static_cast<std::size_t>(size), kNameBytesShown)};
}

Timestamp time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return Timestamp(std::chrono::seconds(timegm(&broken_down)));
}

}  // namespace

TlsFacts tls_facts_of(const ssl_st* stream) {
  TlsFacts facts;
  facts.version = SSL_get_version(stream);
  facts.cipher = SSL_get_cipher_name(stream);
  if (const X509* certificate = SSL_get0_peer_certificate(stream); certificate != nullptr) {
    facts.subject = text_of(X509_get_subject_name(certificate));
    facts.issuer = text_of(X509_get_issuer_name(certificate));
    facts.not_before = time_of(X509_get0_notBefore(certificate));
    facts.not_after = time_of(X509_get0_notAfter(certificate));
  }
  return facts;
}

}  // namespace posthorn::net
