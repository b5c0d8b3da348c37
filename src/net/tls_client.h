// Outgoing TLS: the context that all connections of a client share, and what one handshake needs.
//
// TLS 1.2 or newer, certificates always verified: against the system's (OpenSSL's built-in places; the environment is not
// asked) or those of one file; the host name or address must be in the certificate (RFC 9525). ALPN offers http/1.1.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

#include "net/connect.h"
#include "net/http_client.h"

namespace posthorn::net {

using TlsStream = boost::asio::ssl::stream<Socket&>;

// Throws std::runtime_error when `ca_file` (if not empty) cannot be used.
boost::asio::ssl::context make_client_tls_context(const std::string& ca_file);

// Handshakes with `host` until `deadline`. Nothing when it succeeded. The failure's detail says what is wrong.
Task<std::optional<SendError>> handshake(Loop& loop, Socket& socket, TlsStream& stream, std::string host, bool host_is_address,
                                         SteadyTime deadline);

// Whether bytes that were received wait inside the stream.
bool has_unread_bytes(TlsStream& stream);

}  // namespace posthorn::net
