// What an outgoing TLS connection agreed on and whom it met. For people.
#pragma once

#include <string>

#include "base/clock.h"

struct ssl_st;

namespace posthorn::net {

struct TlsFacts {
  std::string version;  // "TLSv1.3"
  std::string cipher;   // OpenSSL's name
  std::string subject;  // of the endpoint's certificate, RFC 2253
  std::string issuer;
  Timestamp not_before;
  Timestamp not_after;
};

// After the handshake.
TlsFacts tls_facts_of(const ssl_st* stream);

}  // namespace posthorn::net
