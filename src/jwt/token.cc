#include "jwt/token.h"

#include <boost/json/serialize.hpp>
#include <cmath>
#include <stdexcept>

#include "base/text.h"
#include "json/reader.h"

namespace posthorn::jwt {
namespace {

namespace bj = boost::json;

constexpr double kSecondsMax = 253'402'300'799;  // the end of the year 9999

Checked<bj::object> read_part(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text) return Fault::malformed;
  auto value = json::parse(*text);
  if (!value || !value->is_object()) return Fault::malformed;
  return std::move(value->get_object());
}

// False when it is there and no acceptable text.
bool read_text(const bj::object& object, std::string_view name, std::string& target) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_string() || value->get_string().size() > kTokenTextBytesMax) return false;
  target = std::string(std::string_view(value->get_string()));
  return true;
}

// NumericDate (RFC 7519, 2): seconds, whole or with a fraction.
bool read_time(const bj::object& object, std::string_view name, std::optional<Timestamp>& target) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) return true;
  if (!value->is_number()) return false;
  const double seconds = value->to_number<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) return false;
  target = Timestamp(Milliseconds(static_cast<std::int64_t>(std::floor(seconds * 1000))));
  return true;
}

bool read_audiences(const bj::object& object, std::vector<std::string>& target) {
  const auto* value = object.if_contains("aud");
  if (value == nullptr) return true;
  if (value->is_string()) {
    target.emplace_back();
    return read_text(object, "aud", target.back());
  }
  const auto* list = value->if_array();
  if (list == nullptr || list->size() > kAudiencesMax) return false;
  for (const auto& item : *list) {
    if (!item.is_string() || item.get_string().size() > kTokenTextBytesMax) return false;
    target.emplace_back(std::string_view(item.get_string()));
  }
  return true;
}

Checked<Claims> read_claims(bj::object object) {
  Claims claims;
  const bool good = read_text(object, "iss", claims.issuer) && read_text(object, "sub", claims.subject) &&
                    read_text(object, "jti", claims.id) && read_audiences(object, claims.audiences) &&
                    read_time(object, "exp", claims.expires) && read_time(object, "nbf", claims.not_before) &&
                    read_time(object, "iat", claims.issued);
  if (!good) return Fault::bad_claim;
  claims.all = std::move(object);
  return claims;
}

Checked<Token> read_header(const bj::object& header) {
  Token token;
  std::string algorithm;
  if (header.contains("crit")) return Fault::critical_header;
  if (!read_text(header, "kid", token.key_id) || !read_text(header, "typ", token.type)) return Fault::malformed;
  if (!read_text(header, "alg", algorithm)) return Fault::malformed;
  const auto known = parse_algorithm(algorithm);
  if (!known) return Fault::unknown_algorithm;
  token.algorithm = *known;
  token.type = to_ascii_lower(token.type);
  constexpr std::string_view kPrefix = "application/";
  if (token.type.starts_with(kPrefix)) token.type.erase(0, kPrefix.size());
  return token;
}

}  // namespace

std::string_view to_text(Fault fault) {
  switch (fault) {
    case Fault::too_large:
      return "too large";
    case Fault::malformed:
      return "malformed";
    case Fault::wrong_type:
      return "wrong type";
    case Fault::critical_header:
      return "critical header";
    case Fault::unknown_algorithm:
      return "unknown algorithm";
    case Fault::bad_claim:
      return "bad claim";
    case Fault::unknown_key:
      return "unknown key";
    case Fault::wrong_signature:
      return "wrong signature";
    case Fault::missing_claim:
      return "missing claim";
    case Fault::wrong_issuer:
      return "wrong issuer";
    case Fault::wrong_audience:
      return "wrong audience";
    case Fault::expired:
      return "expired";
    case Fault::not_yet_valid:
      return "not yet valid";
    case Fault::issued_in_future:
      return "issued in the future";
    case Fault::unknown_principal:
      return "unknown principal";
  }
  return "";
}

void throw_exception_from_error(Fault fault, const boost::source_location&) {
  throw std::logic_error("a refused token was used: " + std::string(to_text(fault)));
}

std::optional<crypto::SignatureAlgorithm> parse_algorithm(std::string_view text) {
  using enum crypto::SignatureAlgorithm;
  for (const auto algorithm : {es256, eddsa, rs256}) {
    if (text == to_text(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::string_view to_text(crypto::SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case crypto::SignatureAlgorithm::es256:
      return "ES256";
    case crypto::SignatureAlgorithm::eddsa:
      return "EdDSA";
    case crypto::SignatureAlgorithm::rs256:
      return "RS256";
  }
  return "";
}

Checked<Token> parse_token(std::string_view text) {
  if (text.size() > kTokenBytesMax) return Fault::too_large;
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) return Fault::malformed;

  const auto header = read_part(text.substr(0, first));
  if (!header) return header.error();
  auto token = read_header(*header);
  if (!token) return token;
  auto claims_object = read_part(text.substr(first + 1, second - first - 1));
  if (!claims_object) return claims_object.error();
  auto claims = read_claims(std::move(*claims_object));
  if (!claims) return claims.error();
  auto signature = base64url_decode(text.substr(second + 1));
  if (!signature || signature->empty()) return Fault::malformed;

  token->claims = std::move(*claims);
  token->signed_part = text.substr(0, second);
  token->signature = std::move(*signature);
  return token;
}

std::string sign_token(const bj::object& claims, std::string_view key_id, const crypto::PrivateKey& key) {
  const bj::object header{{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", key_id}};
  std::string text = base64url_encode(bj::serialize(header)) + '.' + base64url_encode(bj::serialize(claims));
  const std::string signature = key.sign(text);
  text += '.';
  text += base64url_encode(signature);
  return text;
}

}  // namespace posthorn::jwt
