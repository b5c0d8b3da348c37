// Tokens and key sets from anywhere: no input harms, and what parses is what it says.
#include <cstdint>

#include "base/check.h"
#include "jwt/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace posthorn;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto keys = jwt::KeySet::parse(text);
  if (keys) POSTHORN_CHECK(keys->size() <= jwt::kKeySetKeysMax);

  const auto token = jwt::parse_token(text);
  if (!token) return 0;
  POSTHORN_CHECK(text.starts_with(token->signed_part));
  POSTHORN_CHECK(!token->signature.empty() && token->claims.audiences.size() <= jwt::kAudiencesMax);
  const jwt::Expectation expected{token->claims.issuer, token->claims.audiences, {token->algorithm}, {}};
  static_cast<void>(jwt::check_claims(*token, expected, Timestamp()));
  POSTHORN_CHECK(!jwt::check_signature(*token, jwt::KeySet()));
  return 0;
}
