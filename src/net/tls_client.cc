#include "net/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <filesystem>
#include <stdexcept>

namespace posthorn::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

[[noreturn]] void fail(const std::string& what) {
  const auto code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  throw std::runtime_error(what + (reason != nullptr ? std::string(": ") + reason : std::string()));
}

// A folder with a link for each certificate, named by a hash of its subject (openssl-rehash(1)): those that are needed are
// read when they are. A file is read whole, which takes 2 MB and 20 ms.
bool is_hashed(const char* folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".0") return true;
  }
  return false;
}

void trust_system(SSL_CTX* context) {
  const char* file = X509_get_default_cert_file();
  const char* folder = X509_get_default_cert_dir();
  if (SSL_CTX_load_verify_dir(context, folder) != 1) fail(std::string("certificates: ") + folder);
  if (is_hashed(folder) || access(file, R_OK) != 0) return;
  if (SSL_CTX_load_verify_file(context, file) != 1) fail(std::string("certificates: ") + file);
}

std::string explain(const error_code& error, SSL* stream) {
  const auto verdict = SSL_get_verify_result(stream);
  if (verdict != X509_V_OK) return std::string("certificate refused: ") + X509_verify_cert_error_string(verdict);
  if (error.category() == asio::error::get_ssl_category()) {
    const auto code = static_cast<unsigned long>(error.value());
    if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) return "the endpoint does not speak TLS on this port";
    if (const char* reason = ERR_reason_error_string(code)) return std::string("TLS handshake: ") + reason;
  }
  if (error == asio::error::eof || error == ssl::error::stream_truncated) {
    return "the endpoint closed the connection during the TLS handshake";
  }
  return "TLS handshake: " + error.message();
}

// Server name indication and the identity that the certificate must carry.
bool expect_peer(SSL* stream, const std::string& host, bool host_is_address) {
  auto* param = SSL_get0_param(stream);
  if (host_is_address) return X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1;
  // The subject is not asked when a certificate has no alternative names (RFC 9525, 2).
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) == 1 &&
         SSL_ctrl(stream, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str())) == 1;
}

}  // namespace

ssl::context make_client_tls_context(const std::string& ca_file) {
  ssl::context context(ssl::context::tls_client);
  auto* native = context.native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_protos(native, kProtocols, sizeof kProtocols);
  context.set_verify_mode(ssl::verify_peer);
  if (ca_file.empty()) {
    trust_system(native);
  } else if (SSL_CTX_load_verify_file(native, ca_file.c_str()) != 1) {
    fail("certificates: " + ca_file);
  }
  return context;
}

Task<std::optional<SendError>> handshake(Loop& loop, Socket& socket, TlsStream& stream, std::string host, bool host_is_address,
                                         SteadyTime deadline) {
  if (!expect_peer(stream.native_handle(), host, host_is_address)) {
    co_return SendError{SendFailure::tls, "the host cannot be named in a TLS handshake"};
  }
  const SocketDeadline guard(loop, socket, deadline);
  error_code error;
  co_await stream.async_handshake(ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
  if (guard.passed()) co_return SendError{SendFailure::timeout, "the TLS handshake did not end in time"};
  if (error) co_return SendError{SendFailure::tls, explain(error, stream.native_handle())};
  co_return std::nullopt;
}

bool has_unread_bytes(TlsStream& stream) {
  auto* native = stream.native_handle();
  return SSL_has_pending(native) == 1 || BIO_ctrl_pending(SSL_get_rbio(native)) > 0;
}

}  // namespace posthorn::net
