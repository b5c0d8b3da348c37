// Certificates made on the spot, and a TLS side for TestPeer. For tests only.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/endpoint_for_tests.h"

namespace posthorn::net {

struct OpensslDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* stream) const { SSL_free(stream); }
};
template <class T>
using OpensslPtr = std::unique_ptr<T, OpensslDeleter>;

struct CertificateWish {
  std::string subject = "receiver";
  std::vector<std::string> alternative_names = {"DNS:receiver.example", "IP:127.0.0.1"};
  long valid_from = -3600;  // seconds from now
  long valid_to = 3600;
  bool authority = false;
  unsigned rsa_bits = 0;  // 0: a P-256 key
  bool sha1 = false;
};

struct Identity {
  OpensslPtr<EVP_PKEY> key;
  OpensslPtr<X509> certificate;
};

// Signed by `issuer`, or by itself.
Identity make_identity(const CertificateWish& wish, const Identity* issuer = nullptr);

std::string certificate_pem(const Identity& identity);
std::string key_pem(const Identity& identity, const std::string& password = "");  // empty: not encrypted

// Writes the certificate as PEM into a new file of the test's temporary folder.
std::string write_certificate(const Identity& identity, const std::string& name);

struct TlsServerWish {
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  bool asks_for_certificate = false;
  bool trusts_every_client = false;  // asks for a certificate and takes any
};

// One TLS connection on a TestPeer's descriptor.
class TlsPeer {
 public:
  TlsPeer(TestPeer& peer, const Identity& identity, const TlsServerWish& wish = {});
  bool shake_hands();
  std::optional<std::string> read_request();
  bool send(std::string_view bytes);
  void shut_down() { SSL_shutdown(stream_.get()); }
  std::string server_name() const;
  std::string client_name() const;  // the common name in the client's certificate; empty: there was none
  SSL* stream() { return stream_.get(); }

 private:
  TestPeer& peer_;
  OpensslPtr<SSL_CTX> context_;
  OpensslPtr<SSL> stream_;
};

}  // namespace posthorn::net
