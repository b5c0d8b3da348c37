#include "domain/access/issuer.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/limits.h"
#include "domain/access/name.h"
#include "json/reader.h"
#include "net/url.h"

namespace posthorn::domain {
namespace {

namespace bj = boost::json;

constexpr std::string_view kAlgorithms[] = {"RS256", "ES256", "EdDSA"};

bool is_loopback(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

bool is_algorithm(std::string_view text) {
  for (const auto known : kAlgorithms) {
    if (known == text) return true;
  }
  return false;
}

// A list of texts; null when it is absent or bad.
void read_texts(json::ObjectReader& reader, std::string_view name, std::size_t items_max, std::vector<std::string>& target) {
  const auto* list = reader.array(name, items_max);
  if (list == nullptr) return;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = reader.field(name) + '/' + std::to_string(i);
    const auto& item = (*list)[i];
    if (!item.is_string()) return reader.fail(invalid(place, "must be a string", "wrong_type"));
    const std::string_view text = item.get_string();
    if (text.empty() || text.size() > kUrlBytesMax) return reader.fail(invalid(place, "must have 1 to 2048 bytes"));
    texts.emplace_back(text);
  }
  target = std::move(texts);
}

void read_roles(json::ObjectReader& reader, std::string_view name, Roles& target) {
  std::vector<std::string> texts;
  const bool there = reader.member(name) != nullptr;
  read_texts(reader, name, kRoles.size(), texts);
  if (!there || !reader.ok()) return;
  Roles roles;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto role = parse_role(texts[i]);
    if (!role) {
      return reader.fail(invalid(reader.field(name) + '/' + std::to_string(i), "must be one of: " + std::string(role_names()),
                                 "unknown_role"));
    }
    roles.add(*role);
  }
  target = roles;
}

// The members of an object of texts, each given to `take`, which answers what is wrong with it.
template <class Take>
void read_mapping(json::ObjectReader& reader, std::string_view name, Take take) {
  const auto* object = reader.object(name);
  if (object == nullptr) return;
  if (object->size() > kIssuerMappingMax) {
    return reader.fail(
        invalid(reader.field(name), "has more than " + std::to_string(kIssuerMappingMax) + " members", "too_long"));
  }
  for (const auto& [key, value] : *object) {
    const std::string place = reader.field(name) + '/' + std::string(key);
    if (key.size() > kClaimNameBytesMax) return reader.fail(invalid(reader.field(name), "has a member with a long name"));
    if (!value.is_string()) return reader.fail(invalid(place, "must be a string", "wrong_type"));
    if (auto taken = take(std::string(key), std::string(std::string_view(value.get_string())), place); !taken) {
      return reader.fail(std::move(taken).error());
    }
  }
}

void read_mappings(json::ObjectReader& reader, IssuerSettings& settings) {
  if (reader.member("roleMapping") != nullptr) settings.role_mapping.clear();
  read_mapping(reader, "roleMapping", [&](std::string value, const std::string& text, const std::string& place) -> Status {
    const auto role = parse_role(text);
    if (!role) return invalid(place, "must be one of: " + std::string(role_names()), "unknown_role");
    settings.role_mapping.emplace(std::move(value), *role);
    return {};
  });
  if (reader.member("tenantMapping") != nullptr) settings.tenant_mapping.clear();
  read_mapping(reader, "tenantMapping", [&](std::string value, const std::string& text, const std::string& place) -> Status {
    if (auto checked = check_name(text, place); !checked) return checked;
    settings.tenant_mapping.emplace(std::move(value), text);
    return {};
  });
}

// The claim of this name, or what the JSON pointer leads to (RFC 6901); null when there is none.
const bj::value* find_claim(const bj::object& claims, std::string_view name) {
  if (const auto* value = claims.if_contains(name)) return value;
  if (!name.starts_with('/')) return nullptr;
  const bj::object* at = &claims;
  while (at != nullptr) {
    name.remove_prefix(1);
    const auto slash = name.find('/');
    const auto* value = at->if_contains(name.substr(0, slash));
    if (value == nullptr || slash == std::string_view::npos) return value;
    at = value->if_object();
    name.remove_prefix(slash);
  }
  return nullptr;
}

// A list of texts, or one text of words separated by spaces (as OAuth's `scope` and Entra's `scp` are).
std::vector<std::string_view> values_of(const bj::value& claim) {
  std::vector<std::string_view> values;
  if (claim.is_string()) {
    std::string_view text = claim.get_string();
    while (!text.empty() && values.size() < kClaimValuesRead) {
      const auto space = text.find(' ');
      if (space != 0) values.push_back(text.substr(0, space));
      text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    }
  } else if (const auto* list = claim.if_array()) {
    for (const auto& item : *list) {
      if (values.size() == kClaimValuesRead) break;
      if (item.is_string()) values.emplace_back(item.get_string());
    }
  }
  return values;
}

Error no_access(std::string message) { return {ErrorKind::forbidden, "unmapped_token", std::move(message), {}, {}}; }

bj::array texts_to_json(const std::vector<std::string>& texts) {
  bj::array list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace

Result<IssuerSettings> read_issuer(const bj::object& object, IssuerSettings settings) {
  json::ObjectReader reader(object, "");
  static_cast<void>(reader.member("tenant"));
  reader.string("name", settings.name, kNameBytesMax);
  reader.string("issuer", settings.issuer, kUrlBytesMax);
  read_texts(reader, "audiences", kIssuerAudiencesMax, settings.audiences);
  reader.string("jwksUrl", settings.jwks_url, kUrlBytesMax);
  read_texts(reader, "algorithms", std::size(kAlgorithms), settings.algorithms);
  read_roles(reader, "roles", settings.roles);
  reader.string("rolesClaim", settings.roles_claim, kClaimNameBytesMax);
  reader.string("tenantClaim", settings.tenant_claim, kClaimNameBytesMax);
  read_mappings(reader, settings);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return settings;
}

Status check_issuer(const IssuerSettings& settings) {
  if (settings.issuer.empty()) return invalid("issuer", "is required", "required");
  if (settings.audiences.empty()) return invalid("audiences", "must name at least one audience", "required");
  if (settings.jwks_url.empty()) return invalid("jwksUrl", "is required", "required");
  const auto url = net::parse_url(settings.jwks_url, "jwksUrl");
  if (!url) return url.error();
  if (url->scheme == net::Url::Scheme::http && !is_loopback(url->host))
    return invalid("jwksUrl", "must be https: whoever can change the keys can be anybody");
  if (settings.algorithms.empty()) return invalid("algorithms", "must name at least one algorithm", "required");
  for (std::size_t i = 0; i < settings.algorithms.size(); ++i) {
    if (is_algorithm(settings.algorithms[i])) continue;
    return invalid("algorithms/" + std::to_string(i), "must be one of: RS256, ES256, EdDSA", "unknown_algorithm");
  }
  if (settings.roles.empty() && settings.roles_claim.empty()) {
    return invalid("roles", "give roles, or a rolesClaim: without either nobody could do anything", "required");
  }
  if (!settings.role_mapping.empty() && settings.roles_claim.empty()) {
    return invalid("rolesClaim", "is needed beside roleMapping", "required");
  }
  if (!settings.tenant_mapping.empty() && settings.tenant_claim.empty()) {
    return invalid("tenantClaim", "is needed beside tenantMapping", "required");
  }
  return {};
}

bj::object write_issuer(const IssuerSettings& settings) {
  bj::object roles_by_value;
  for (const auto& [value, role] : settings.role_mapping) roles_by_value[value] = to_text(role);
  bj::object tenants_by_value;
  for (const auto& [value, tenant] : settings.tenant_mapping) tenants_by_value[value] = tenant;
  bj::array roles;
  for (const Role role : kRoles) {
    if (settings.roles.has(role)) roles.emplace_back(to_text(role));
  }
  return {{"name", settings.name},
          {"issuer", settings.issuer},
          {"audiences", texts_to_json(settings.audiences)},
          {"jwksUrl", settings.jwks_url},
          {"algorithms", texts_to_json(settings.algorithms)},
          {"roles", std::move(roles)},
          {"rolesClaim", settings.roles_claim},
          {"roleMapping", std::move(roles_by_value)},
          {"tenantClaim", settings.tenant_claim},
          {"tenantMapping", std::move(tenants_by_value)}};
}

std::string encode_issuer(const IssuerSettings& settings) { return bj::serialize(write_issuer(settings)); }

Result<IssuerSettings> decode_issuer(std::string_view text) {
  auto value = json::parse(text);
  if (!value) return std::move(value).error();
  if (!value->is_object()) return internal_error("the stored issuer is no object");
  return read_issuer(value->get_object(), IssuerSettings());
}

Result<MappedClaims> map_claims(const IssuerSettings& settings, const bj::object& claims) {
  MappedClaims mapped{settings.roles, {}};
  if (!settings.roles_claim.empty()) {
    const auto* claim = find_claim(claims, settings.roles_claim);
    for (const auto value : claim != nullptr ? values_of(*claim) : std::vector<std::string_view>()) {
      if (settings.role_mapping.empty()) {
        if (const auto role = parse_role(value)) mapped.roles.add(*role);
      } else if (const auto found = settings.role_mapping.find(std::string(value)); found != settings.role_mapping.end()) {
        mapped.roles.add(found->second);
      }
    }
  }
  if (mapped.roles.empty()) return no_access("the token gives no role");
  if (settings.tenant_claim.empty()) return mapped;
  const auto* claim = find_claim(claims, settings.tenant_claim);
  if (claim == nullptr || !claim->is_string()) return no_access("the token does not say its tenant");
  mapped.tenant = std::string(std::string_view(claim->get_string()));
  if (!settings.tenant_mapping.empty()) {
    const auto found = settings.tenant_mapping.find(mapped.tenant);
    if (found == settings.tenant_mapping.end()) return no_access("the token's tenant is not mapped");
    mapped.tenant = found->second;
  }
  if (mapped.tenant.empty()) return no_access("the token does not say its tenant");
  return mapped;
}

}  // namespace posthorn::domain
