#include "access/authorizer.h"

#include <algorithm>

#include "base/text.h"
#include "crypto/crypto.h"

namespace posthorn::access {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::size_t kKeyBytes = 32;

std::string_view as_bytes(const std::array<std::uint8_t, 32>& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// The key in "Bearer <key>"; empty when the header is anything else. The scheme's name is case-insensitive (RFC 9110, 11.1).
std::string_view bearer_key(std::string_view authorization) {
  if (authorization.size() <= kScheme.size()) return {};
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return trim(authorization.substr(kScheme.size()));
}

}  // namespace

Authorizer::Authorizer(std::vector<store::Credential> credentials) : credentials_(std::move(credentials)) {}

Result<domain::PrincipalPtr> Authorizer::authenticate(std::string_view authorization) const {
  const std::string_view key = bearer_key(authorization);
  const store::Credential* found = nullptr;
  if (!key.empty()) {
    const auto hash = crypto::sha256(key);
    for (const auto& credential : credentials_) {
      if (crypto::constant_time_equal(as_bytes(hash), as_bytes(credential.key_hash))) found = &credential;
    }
  }
  if (found == nullptr) {
    return Error{ErrorKind::unauthenticated, "unauthenticated", "A valid key is needed: Authorization: Bearer <key>.", {}, {}};
  }
  domain::Principal principal;
  principal.id = principal.name = found->name;
  principal.roles = {domain::Role::admin};
  return std::make_shared<const domain::Principal>(std::move(principal));
}

std::string make_key() {
  std::string text = base64_encode(crypto::random_bytes(kKeyBytes));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.erase(text.find('='));
  return "ph_" + text;
}

store::Credential make_credential(std::string name, std::string_view key, Timestamp now) {
  return {std::move(name), crypto::sha256(key), now};
}

}  // namespace posthorn::access
