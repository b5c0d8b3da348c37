#include "net/server_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <string_view>

namespace posthorn::net {

namespace asio = boost::asio;

namespace {

constexpr const char* kTls12Ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

constexpr std::string_view kHttp11 = "\x08http/1.1";

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const auto* ours = reinterpret_cast<const unsigned char*>(kHttp11.data());
  const int status =
      SSL_select_next_proto(&chosen, out_size, ours, static_cast<unsigned int>(kHttp11.size()), offered, offered_size);
  *out = chosen;
  // Whoever offers only other protocols would send what cannot be read here (RFC 7301 3.2).
  return status == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Error bad_file(std::string field, const std::string& file, const boost::system::error_code& error) {
  return invalid(std::move(field), "cannot use " + file + ": " + error.message(), "bad_tls_file");
}

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> make_server_tls(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_CTX_set_cipher_list(native, kTls12Ciphers) != 1) return internal_error("OpenSSL knows none of our ciphers");
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);

  boost::system::error_code error;
  // Without this OpenSSL would ask the terminal for the password of an encrypted key.
  context->set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); }, error);
  context->use_certificate_chain_file(files.certificate_file, error);
  if (error) return bad_file("tls/certificateFile", files.certificate_file, error);
  context->use_private_key_file(files.key_file, asio::ssl::context::pem, error);
  if (error) return bad_file("tls/keyFile", files.key_file, error);
  ERR_clear_error();
  if (SSL_CTX_check_private_key(native) != 1) {
    return invalid("tls/keyFile", files.key_file + " is not the key of " + files.certificate_file, "bad_tls_file");
  }
  return context;
}

}  // namespace posthorn::net
