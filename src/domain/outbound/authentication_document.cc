#include "domain/outbound/authentication_document.h"

#include <algorithm>

#include "base/text.h"
#include "domain/outbound/subscription_parts.h"
#include "json/reader.h"
#include "net/client_identity.h"
#include "net/http.h"
#include "net/url.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;
using json::ObjectReader;
using AuthenticationKind = EndpointAuthentication::Kind;
using ClientAuthentication = EndpointAuthentication::ClientAuthentication;

constexpr std::array<std::string_view, 4> kKinds{"none", "basic", "bearer", "oauth2"};

// RFC 7617: no control characters; beyond that, what the endpoint makes of it is its own affair.
bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// One word of visible ASCII: what RFC 6750 tokens, and RFC 6749 ids and secrets (A.1, A.2), are made of. Ids and secrets may
// hold spaces.
bool is_visible(std::string_view text, char least) {
  return std::all_of(text.begin(), text.end(), [least](char c) { return c >= least && c <= 0x7e; });
}

void read_text(ObjectReader& reader, std::string_view name, std::string& target) {
  reader.required(name).string(name, target, kCredentialBytesMax, 1);
}

// A secret: kHiddenSecret keeps `stored`. Whether it did.
bool read_secret(ObjectReader& reader, std::string_view name, const std::string& stored, std::string& target) {
  read_text(reader, name, target);
  if (!reader.ok() || target != kHiddenSecret) return false;
  if (stored.empty()) {
    reader.fail(invalid(reader.field(name), "is \"***\", but nothing is stored that it could stand for"));
    return false;
  }
  target = stored;
  return true;
}

void refuse(ObjectReader& reader, std::string_view name, std::string message) {
  if (reader.ok()) reader.fail(invalid(reader.field(name), std::move(message)));
}

void read_basic(ObjectReader& reader, const EndpointAuthentication& stored, EndpointAuthentication& read) {
  read_text(reader, "username", read.username);
  (void)read_secret(reader, "password", stored.password, read.password);
  if (has_controls(read.username) || read.username.find(':') != std::string::npos) {
    refuse(reader, "username", "must have no colon and no control characters");
  }
  if (has_controls(read.password)) refuse(reader, "password", "must have no control characters");
}

void read_bearer(ObjectReader& reader, const EndpointAuthentication& stored, EndpointAuthentication& read) {
  (void)read_secret(reader, "token", stored.token, read.token);
  if (!is_visible(read.token, 0x21)) refuse(reader, "token", "must be printable ASCII without spaces");
}

void read_token_url(ObjectReader& reader, EndpointAuthentication& read) {
  reader.required("tokenUrl").string("tokenUrl", read.token_url, kUrlBytesMax);
  if (!reader.ok()) return;
  auto url = net::parse_url(read.token_url, reader.field("tokenUrl"));
  if (!url) return reader.fail(std::move(url).error());
  read.token_url = url->text();
}

bool same_origin(const std::string& left, const std::string& right) {
  const auto one = net::parse_url(left, "");
  const auto other = net::parse_url(right, "");
  return one && other && one->origin() == other->origin();
}

void read_oauth2(ObjectReader& reader, const EndpointAuthentication& stored, EndpointAuthentication& read) {
  read_token_url(reader, read);
  read_text(reader, "clientId", read.client_id);
  const bool kept = read_secret(reader, "clientSecret", stored.client_secret, read.client_secret);
  std::optional<std::string> scope;
  reader.optional_string("scope", scope, kCredentialBytesMax);
  read.scope = scope.value_or("");
  std::string where = "basic";
  reader.string("clientAuthentication", where, 16);
  if (where != "basic" && where != "body") refuse(reader, "clientAuthentication", "must be one of: basic, body");
  read.client_authentication = where == "body" ? ClientAuthentication::body : ClientAuthentication::basic;
  if (!is_visible(read.client_id, 0x20)) refuse(reader, "clientId", "must be printable ASCII");
  if (!is_visible(read.client_secret, 0x20)) refuse(reader, "clientSecret", "must be printable ASCII");
  if (!is_visible(read.scope, 0x20)) refuse(reader, "scope", "must be printable ASCII");
  if (reader.ok() && kept && !same_origin(read.token_url, stored.token_url)) {
    refuse(reader, "clientSecret", "must be given again, since the token server changes");
  }
}

void read_authentication_member(ObjectReader& outer, const EndpointAuthentication& stored, EndpointAuthentication& target) {
  const auto* member = outer.member("authentication");
  if (member == nullptr) return;
  if (member->is_null()) {
    target = {};
    return;
  }
  const auto* object = outer.object("authentication");
  if (object == nullptr) return;
  ObjectReader reader(*object, outer.field("authentication"));
  EndpointAuthentication read;
  std::string type;
  reader.required("type").string("type", type, 16);
  const auto kind = std::find(kKinds.begin() + 1, kKinds.end(), type);
  if (kind == kKinds.end()) refuse(reader, "type", "must be one of: basic, bearer, oauth2");
  if (!reader.ok()) return outer.fail(reader.error());
  read.kind = static_cast<AuthenticationKind>(kind - kKinds.begin());
  switch (read.kind) {
    case AuthenticationKind::none:
      break;
    case AuthenticationKind::basic:
      read_basic(reader, stored, read);
      break;
    case AuthenticationKind::bearer:
      read_bearer(reader, stored, read);
      break;
    case AuthenticationKind::oauth2:
      read_oauth2(reader, stored, read);
      break;
  }
  reader.only_these();
  if (!reader.ok()) return outer.fail(reader.error());
  target = std::move(read);
}

void read_secret_headers(ObjectReader& reader, const std::vector<Header>& stored, std::vector<Header>& target) {
  std::vector<Header> headers;
  if (!read_header_list(reader, "secretHeaders", headers)) return;
  for (auto& header : headers) {
    if (header.value != kHiddenSecret) continue;
    const auto kept = std::find_if(stored.begin(), stored.end(),
                                   [&](const Header& other) { return equals_ignoring_case(other.name, header.name); });
    if (kept == stored.end()) {
      return reader.fail(invalid(reader.field("secretHeaders") + "/" + header.name,
                                 "is \"***\", but nothing is stored that it could stand for"));
    }
    header.value = kept->value;
  }
  target = std::move(headers);
}

void read_certificate(ObjectReader& outer, const std::optional<ClientCertificate>& stored,
                      std::optional<ClientCertificate>& target) {
  const auto* member = outer.member("clientCertificate");
  if (member == nullptr) return;
  if (member->is_null()) {
    target.reset();
    return;
  }
  const auto* object = outer.object("clientCertificate");
  if (object == nullptr) return;
  const std::string field = outer.field("clientCertificate");
  ObjectReader reader(*object, field);
  ClientCertificate read;
  reader.required("certificate").string("certificate", read.certificate, kCertificateBytesMax, 1);
  reader.required("privateKey").string("privateKey", read.private_key, kCertificateBytesMax, 1);
  reader.only_these();
  if (reader.ok() && read.private_key == kHiddenSecret) {
    if (!stored) refuse(reader, "privateKey", "is \"***\", but nothing is stored that it could stand for");
    if (stored) read.private_key = stored->private_key;
  }
  if (!reader.ok()) return outer.fail(reader.error());
  if (auto identity = net::ClientIdentity::make(read.certificate, read.private_key, field); !identity) {
    return outer.fail(std::move(identity).error());
  }
  target = std::move(read);
}

}  // namespace

Result<SubscriptionSecrets> read_authentication(const bj::object& object, SubscriptionSecrets secrets,
                                                const SubscriptionSecrets& stored) {
  ObjectReader reader(object, "");
  read_authentication_member(reader, stored.authentication, secrets.authentication);
  read_secret_headers(reader, stored.headers, secrets.headers);
  read_certificate(reader, stored.client_certificate, secrets.client_certificate);
  if (!reader.ok()) return reader.error();
  return secrets;
}

Status check_authentication(const SubscriptionSettings& settings, const SubscriptionSecrets& secrets) {
  const bool authorizes = secrets.authentication.kind != AuthenticationKind::none;
  const auto check = [authorizes](const Header& header, std::string_view member) -> Status {
    if (!authorizes || !equals_ignoring_case(header.name, "authorization")) return {};
    return invalid(std::string(member) + "/" + header.name, "is set by \"authentication\" already", "set_twice");
  };
  for (const auto& header : settings.headers) {
    if (auto good = check(header, "headers"); !good) return good;
  }
  for (const auto& hidden : secrets.headers) {
    if (auto good = check(hidden, "secretHeaders"); !good) return good;
    for (const auto& header : settings.headers) {
      if (equals_ignoring_case(header.name, hidden.name)) {
        return invalid("secretHeaders/" + hidden.name, "is in \"headers\" too", "set_twice");
      }
    }
  }
  return {};
}

void write_authentication(const SubscriptionSecrets& secrets, bj::object& object) {
  const auto& from = secrets.authentication;
  bj::object shown;
  shown["type"] = to_text(from.kind);
  switch (from.kind) {
    case AuthenticationKind::none:
      break;
    case AuthenticationKind::basic:
      shown["username"] = from.username;
      shown["password"] = kHiddenSecret;
      break;
    case AuthenticationKind::bearer:
      shown["token"] = kHiddenSecret;
      break;
    case AuthenticationKind::oauth2:
      shown["tokenUrl"] = from.token_url;
      shown["clientId"] = from.client_id;
      shown["clientSecret"] = kHiddenSecret;
      shown["scope"] = from.scope.empty() ? bj::value(nullptr) : bj::value(from.scope);
      shown["clientAuthentication"] = from.client_authentication == ClientAuthentication::body ? "body" : "basic";
      break;
  }
  object["authentication"] = from.kind == AuthenticationKind::none ? bj::value(nullptr) : bj::value(std::move(shown));
  bj::object headers;
  for (const auto& header : secrets.headers) headers[header.name] = kHiddenSecret;
  object["secretHeaders"] = std::move(headers);
  if (!secrets.client_certificate) {
    object["clientCertificate"] = nullptr;
    return;
  }
  object["clientCertificate"] =
      bj::object{{"certificate", secrets.client_certificate->certificate}, {"privateKey", kHiddenSecret}};
}

std::string_view to_text(AuthenticationKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace posthorn::domain
