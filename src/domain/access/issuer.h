// Trusted outside issuers: whose tokens are accepted, and what their claims mean here. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/access/role.h"

namespace posthorn::domain {

inline constexpr std::size_t kIssuerAudiencesMax = 16;
inline constexpr std::size_t kIssuerMappingMax = 200;
inline constexpr std::size_t kClaimNameBytesMax = 256;
inline constexpr std::size_t kClaimValuesRead = 256;  // of one claim; more are not looked at

struct IssuerSettings {
  std::string name;    // for people
  std::string issuer;  // `iss`, character for character
  std::vector<std::string> audiences;
  std::string jwks_url;  // where its keys are
  std::vector<std::string> algorithms{"RS256", "ES256", "EdDSA"};
  Roles roles;                                        // that every token of the issuer has
  std::string roles_claim;                            // empty: none. A member's name, or a JSON pointer ("/realm_access/roles")
  std::map<std::string, Role> role_mapping;           // value of the claim → role; empty: the values are role names themselves
  std::string tenant_claim;                           // empty: the issuer's own tenant
  std::map<std::string, std::string> tenant_mapping;  // value → tenant's name; empty: the values are names themselves

  friend bool operator==(const IssuerSettings&, const IssuerSettings&) = default;
};

// Reads a caller's object over `base`; unknown members and values out of range are errors that name the member. "tenant" is
// left to the caller. Does not check that everything needed is there: check_issuer() does.
Result<IssuerSettings> read_issuer(const boost::json::object& object, IssuerSettings base);
Status check_issuer(const IssuerSettings& settings);
boost::json::object write_issuer(const IssuerSettings& settings);

// For the store.
std::string encode_issuer(const IssuerSettings& settings);
Result<IssuerSettings> decode_issuer(std::string_view text);

// What the claims of a token, whose signature is checked, say.
struct MappedClaims {
  Roles roles;
  std::string tenant;  // name; empty when there is no tenant claim in the settings
};
// Errors: forbidden, when the token lacks the tenant claim, its tenant is unknown to the mapping, or no role comes out.
Result<MappedClaims> map_claims(const IssuerSettings& settings, const boost::json::object& claims);

}  // namespace posthorn::domain
