// The TLS settings of a server, from its certificate files.
#pragma once

#include <memory>

#include "base/result.h"
#include "net/http_server.h"

namespace boost::asio::ssl {
class context;
}

namespace posthorn::net {

// TLS 1.2 and 1.3, forward-secret AEAD ciphers only, no renegotiation, ALPN "http/1.1". Errors name the file that is at fault.
Result<std::shared_ptr<boost::asio::ssl::context>> make_server_tls(const TlsFiles& files);

}  // namespace posthorn::net
