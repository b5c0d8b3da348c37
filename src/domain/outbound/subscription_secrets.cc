#include "domain/outbound/subscription_secrets.h"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/text.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

constexpr std::array<std::string_view, 4> kKinds{"none", "basic", "bearer", "oauth2"};

// One list for both directions: the member's name and its place.
template <class Secrets, class Visit>
void visit_texts(Secrets& secrets, Visit visit) {
  auto& authentication = secrets.authentication;
  visit("current", secrets.current);
  visit("previous", secrets.previous);
  visit("username", authentication.username);
  visit("password", authentication.password);
  visit("token", authentication.token);
  visit("tokenUrl", authentication.token_url);
  visit("clientId", authentication.client_id);
  visit("clientSecret", authentication.client_secret);
  visit("scope", authentication.scope);
}

Error damaged() { return internal_error("the secrets of a stored subscription are damaged"); }

Result<std::string> text_of(const bj::value& value) {
  if (!value.is_string()) return damaged();
  return std::string(std::string_view(value.get_string()));
}

Status read_member(std::string_view name, const bj::value& value, SubscriptionSecrets& secrets) {
  if (name == "previousUntil") {
    if (!value.is_int64()) return damaged();
    secrets.previous_until = Timestamp(Milliseconds(value.get_int64()));
    return {};
  }
  if (name == "headers" || name == "certificate") {
    const auto* pairs = value.if_array();
    if (pairs == nullptr || pairs->size() % 2 != 0) return damaged();
    for (std::size_t i = 0; i < pairs->size(); i += 2) {
      auto first = text_of((*pairs)[i]);
      auto second = text_of((*pairs)[i + 1]);
      if (!first || !second) return damaged();
      if (name == "headers") {
        secrets.headers.push_back({std::move(*first), std::move(*second)});
      } else {
        secrets.client_certificate = ClientCertificate{std::move(*first), std::move(*second)};
      }
    }
    return {};
  }
  if (name == "clientInBody") {
    secrets.authentication.client_authentication = EndpointAuthentication::ClientAuthentication::body;
    return {};
  }
  auto text = text_of(value);
  if (!text) return damaged();
  if (name == "ed25519Seed") {
    auto seed = base64_decode(*text);
    if (!seed) return damaged();
    secrets.ed25519_seed = std::move(*seed);
    return {};
  }
  if (name == "authentication") {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      if (kKinds[i] == *text) secrets.authentication.kind = static_cast<EndpointAuthentication::Kind>(i);
    }
    return {};
  }
  visit_texts(secrets, [&](std::string_view known, std::string& place) {
    if (known == name) place = *text;
  });
  return {};
}

}  // namespace

SubscriptionSecrets rotated(SubscriptionSecrets secrets, std::string next, Timestamp now, Timestamp until) {
  secrets.previous = until > now ? std::move(secrets.current) : std::string();
  secrets.previous_until = until > now ? until : Timestamp();
  secrets.current = std::move(next);
  return secrets;
}

std::string encode_secrets(const SubscriptionSecrets& secrets) {
  bj::object object;
  visit_texts(secrets, [&](std::string_view name, const std::string& text) {
    if (!text.empty()) object[name] = text;
  });
  if (!secrets.previous.empty()) object["previousUntil"] = secrets.previous_until.time_since_epoch().count();
  if (!secrets.ed25519_seed.empty()) object["ed25519Seed"] = base64_encode(secrets.ed25519_seed);
  object["authentication"] = kKinds[static_cast<std::size_t>(secrets.authentication.kind)];
  if (secrets.authentication.client_authentication == EndpointAuthentication::ClientAuthentication::body) {
    object["clientInBody"] = true;
  }
  if (secrets.client_certificate) {
    object["certificate"] = bj::array{secrets.client_certificate->certificate, secrets.client_certificate->private_key};
  }
  bj::array headers;
  for (const auto& header : secrets.headers) {
    headers.emplace_back(header.name);
    headers.emplace_back(header.value);
  }
  if (!headers.empty()) object["headers"] = std::move(headers);
  return bj::serialize(object);
}

Result<SubscriptionSecrets> decode_secrets(std::string_view text) {
  SubscriptionSecrets secrets;
  if (!text.starts_with('{')) {
    secrets.current = text;
    return secrets;
  }
  const auto value = json::parse(text);
  if (!value || !value->is_object()) return damaged();
  for (const auto& [name, member] : value->get_object()) {
    if (auto read = read_member(name, member, secrets); !read) return std::move(read).error();
  }
  return secrets;
}

}  // namespace posthorn::domain
