// ClientIdentity: a client certificate with its chain and its key, parsed and checked, for mutual TLS.
//
// Place: made once per change of a subscription; a request that carries one (ClientRequest::identity) is sent on connections
//   that presented it, and on no other.
// Concurrency: immutable; shared by any threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct ssl_st;

namespace posthorn::net {

inline constexpr std::size_t kCertificatesOfChainMax = 10;

class ClientIdentity {
 public:
  // Both in PEM; the certificate may be followed by its chain. Errors (invalid_argument, "invalid_certificate") name
  // `field`/certificate or `field`/privateKey: unreadable, an encrypted key, a key of another certificate, a chain too long.
  // They repeat nothing of the texts.
  static Result<std::shared_ptr<const ClientIdentity>> make(std::string_view certificate, std::string_view private_key,
                                                            const std::string& field);
  ~ClientIdentity();
  ClientIdentity(const ClientIdentity&) = delete;
  ClientIdentity& operator=(const ClientIdentity&) = delete;

  // 32 bytes that differ for different certificates or keys: what tells pooled connections apart.
  const std::string& fingerprint() const { return fingerprint_; }

  // Before the handshake. False: OpenSSL refuses to use it (a key too weak for its security level).
  bool present_on(ssl_st* stream) const;

 private:
  struct Parts;
  ClientIdentity(std::unique_ptr<Parts> parts, std::string fingerprint);

  std::unique_ptr<Parts> parts_;
  std::string fingerprint_;
};

}  // namespace posthorn::net
