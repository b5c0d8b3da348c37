#include "cli/endpoint_options.h"

#include <CLI/App.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "cli/command.h"

namespace posthorn::cli {
namespace {

namespace bj = boost::json;

// A secret on one line.
Result<std::string> read_secret(const std::string& file, const std::string& option) {
  auto secret = read_input(file, option, kCredentialBytesMax + 2);
  if (!secret) return secret;
  while (!secret->empty() && (secret->back() == '\n' || secret->back() == '\r')) secret->pop_back();
  return secret;
}

Status add_basic(bj::object& body, const EndpointOptions& options) {
  if (options.password_file.empty()) return invalid("basic-user", "--basic-user needs --basic-password-file.");
  auto password = read_secret(options.password_file, "basic-password-file");
  if (!password) return std::move(password).error();
  body["authentication"] = bj::object{{"type", "basic"}, {"username", options.username}, {"password", *password}};
  return {};
}

Status add_bearer(bj::object& body, const EndpointOptions& options) {
  auto token = read_secret(options.token_file, "bearer-file");
  if (!token) return std::move(token).error();
  body["authentication"] = bj::object{{"type", "bearer"}, {"token", *token}};
  return {};
}

Status add_oauth2(bj::object& body, const EndpointOptions& options) {
  if (options.client_id.empty() || options.client_secret_file.empty()) {
    return invalid("oauth2-token-url", "--oauth2-token-url needs --oauth2-client-id and --oauth2-secret-file.");
  }
  auto secret = read_secret(options.client_secret_file, "oauth2-secret-file");
  if (!secret) return std::move(secret).error();
  bj::object members{
      {"type", "oauth2"}, {"tokenUrl", options.token_url}, {"clientId", options.client_id}, {"clientSecret", *secret}};
  if (!options.token_scope.empty()) members["scope"] = options.token_scope;
  body["authentication"] = std::move(members);
  return {};
}

Status add_certificate(bj::object& body, const EndpointOptions& options) {
  if (options.certificate_file.empty() || options.key_file.empty()) {
    return invalid("client-certificate", "--client-certificate and --client-key go together.");
  }
  auto certificate = read_input(options.certificate_file, "client-certificate", kCertificateBytesMax);
  if (!certificate) return std::move(certificate).error();
  auto key = read_input(options.key_file, "client-key", kCertificateBytesMax);
  if (!key) return std::move(key).error();
  body["clientCertificate"] = bj::object{{"certificate", *certificate}, {"privateKey", *key}};
  return {};
}

Status add_secret_headers(bj::object& body, const EndpointOptions& options) {
  auto text = read_input(options.secret_headers_file, "secret-headers-file", kCustomHeadersMax * kCustomHeaderBytesMax);
  if (!text) return std::move(text).error();
  bj::object headers;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) continue;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      return invalid("secret-headers-file", "The file of --secret-headers-file has a line that is not 'Name: value'.");
    }
    headers[line.substr(0, colon)] = trim(line.substr(colon + 1));
  }
  body["secretHeaders"] = std::move(headers);
  return {};
}

}  // namespace

void add_endpoint_options(CLI::App& command, EndpointOptions& options) {
  command.add_option("--basic-user", options.username, "Authenticate by HTTP Basic as this user")->type_name("NAME");
  command.add_option("--basic-password-file", options.password_file, "File with the password")->type_name("FILE");
  command.add_option("--bearer-file", options.token_file, "Authenticate by the bearer token in this file")->type_name("FILE");
  command.add_option("--oauth2-token-url", options.token_url, "Authenticate by OAuth 2 tokens from this server")
      ->type_name("URL");
  command.add_option("--oauth2-client-id", options.client_id, "Client id for the token server")->type_name("ID");
  command.add_option("--oauth2-secret-file", options.client_secret_file, "File with the client secret")->type_name("FILE");
  command.add_option("--oauth2-scope", options.token_scope, "Scope to ask for")->type_name("SCOPE");
  command.add_option("--client-certificate", options.certificate_file, "Present this certificate (PEM)")->type_name("FILE");
  command.add_option("--client-key", options.key_file, "Key of the certificate (PEM)")->type_name("FILE");
  command
      .add_option("--secret-headers-file", options.secret_headers_file,
                  "File of lines 'Name: value': headers to send along that nobody can read back")
      ->type_name("FILE");
  command.add_flag("--no-authentication", options.no_authentication, "Send neither credentials nor certificate any more");
  command.add_flag("--handshake", options.handshake, "Ask the endpoint for its consent first (CloudEvents)");
}

Status add_endpoint_members(bj::object& body, const EndpointOptions& options) {
  const int kinds = (options.username.empty() ? 0 : 1) + (options.token_file.empty() ? 0 : 1) +
                    (options.token_url.empty() ? 0 : 1) + (options.no_authentication ? 1 : 0);
  if (kinds > 1) {
    return invalid("authentication", "Only one of --basic-user, --bearer-file, --oauth2-token-url and --no-authentication.");
  }
  Status added;
  if (!options.username.empty()) added = add_basic(body, options);
  if (added && !options.token_file.empty()) added = add_bearer(body, options);
  if (added && !options.token_url.empty()) added = add_oauth2(body, options);
  if (added && !(options.certificate_file.empty() && options.key_file.empty())) added = add_certificate(body, options);
  if (added && !options.secret_headers_file.empty()) added = add_secret_headers(body, options);
  if (options.no_authentication) {
    body["authentication"] = nullptr;
    if (options.certificate_file.empty()) body["clientCertificate"] = nullptr;
  }
  if (options.handshake) body["handshake"] = true;
  return added;
}

}  // namespace posthorn::cli
