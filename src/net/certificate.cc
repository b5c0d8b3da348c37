#include "net/certificate.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <memory>

namespace posthorn::net {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

Timestamp time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return Timestamp();
  return Timestamp(std::chrono::seconds(timegm(&broken_down)));
}

}  // namespace

Result<CertificateDates> certificate_dates(const std::string& file) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return invalid("tls-certificate", file + " cannot be read");
  const std::unique_ptr<X509, FreeCertificate> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return invalid("tls-certificate", file + " holds no PEM certificate");
  return CertificateDates{time_of(X509_get0_notBefore(certificate.get())), time_of(X509_get0_notAfter(certificate.get()))};
}

}  // namespace posthorn::net
