#include "domain/outbound/token_grant.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "json/reader.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

constexpr std::size_t kErrorWordBytesMax = 64;
constexpr auto kMarginMax = std::chrono::seconds(30);

// application/x-www-form-urlencoded.
std::string form_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                       c == '_' || c == '*';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

Error refused(std::string message) { return unavailable(std::move(message), "token_refused"); }

bool is_error_word(std::string_view word) {
  return !word.empty() && word.size() <= kErrorWordBytesMax && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

std::string_view text_member(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// Some servers write the seconds as text.
std::chrono::seconds lifetime_of(const bj::object& object) {
  const auto* value = object.if_contains("expires_in");
  double seconds = std::chrono::seconds(kTokenLifetimeAssumed).count();
  if (value != nullptr && value->is_number()) {
    seconds = value->to_number<double>();
  } else if (const auto text = text_member(object, "expires_in"); !text.empty()) {
    std::int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) seconds = static_cast<double>(whole);
  }
  const double most = static_cast<double>(std::chrono::seconds(kTokenLifetimeMax).count());
  return std::chrono::seconds(std::llround(std::floor(std::clamp(seconds, 0.0, most))));
}

bool is_token(std::string_view token) {
  return !token.empty() && token.size() <= kTokenBytesMax &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

}  // namespace

TokenRequest token_request(const EndpointAuthentication& authentication) {
  TokenRequest request;
  request.header_lines = "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n";
  request.body = "grant_type=client_credentials";
  if (!authentication.scope.empty()) request.body += "&scope=" + form_encoded(authentication.scope);
  const auto id = form_encoded(authentication.client_id);
  const auto secret = form_encoded(authentication.client_secret);
  switch (authentication.client_authentication) {
    case EndpointAuthentication::ClientAuthentication::basic:
      request.header_lines += "Authorization: Basic " + base64_encode(id + ":" + secret) + "\r\n";
      break;
    case EndpointAuthentication::ClientAuthentication::body:
      request.body += "&client_id=" + id + "&client_secret=" + secret;
      break;
  }
  return request;
}

Result<TokenGrant> read_token_answer(int status, std::string_view body) {
  const auto value = json::parse(body);
  const auto* object = value && value->is_object() ? &value->get_object() : nullptr;
  if (status < 200 || status > 299) {
    const auto word = object != nullptr ? text_member(*object, "error") : std::string_view();
    return refused("the token server answered " + std::to_string(status) +
                   (is_error_word(word) ? ": " + std::string(word) : std::string()));
  }
  if (object == nullptr) return refused("the token server's answer is not a JSON object");
  const auto token = text_member(*object, "access_token");
  if (!is_token(token)) return refused("the token server's answer has no usable access_token");
  const auto type = text_member(*object, "token_type");
  if (!type.empty() && !equals_ignoring_case(type, "bearer")) {
    return refused("the token server gave a token that is not of type Bearer");
  }
  const auto lifetime = lifetime_of(*object);
  return TokenGrant{std::string(token), lifetime - std::min<std::chrono::seconds>(kMarginMax, lifetime / 4)};
}

}  // namespace posthorn::domain
