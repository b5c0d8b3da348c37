#include "access/authorizer.h"

#include <algorithm>

#include "access/token_issuer.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "observe/log.h"

namespace posthorn::access {
namespace {

constexpr std::string_view kScheme = "Bearer ";
constexpr std::string_view kAccessTokenType = "at+jwt";

std::string_view as_bytes(const domain::SecretHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

// The key in "Bearer <key>"; empty when the header is anything else. The scheme's name is case-insensitive (RFC 9110, 11.1).
std::string_view bearer_key(std::string_view authorization) {
  if (authorization.size() <= kScheme.size()) return {};
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return trim(authorization.substr(kScheme.size()));
}

Error unauthenticated() {
  return {ErrorKind::unauthenticated, "unauthenticated", "A valid key is needed: Authorization: Bearer <key>.", {}, {}};
}

bool looks_like_token(std::string_view key) { return key.find('.') != std::string_view::npos; }

std::vector<crypto::SignatureAlgorithm> algorithms_of(const domain::IssuerSettings& settings) {
  std::vector<crypto::SignatureAlgorithm> algorithms;
  for (const auto& name : settings.algorithms) {
    if (const auto algorithm = jwt::parse_algorithm(name)) algorithms.push_back(*algorithm);
  }
  return algorithms;
}

std::string_view scope_of(const jwt::Claims& claims) {
  const auto* scope = claims.all.if_contains("scope");
  return scope != nullptr && scope->is_string() ? std::string_view(scope->get_string()) : std::string_view();
}

// The roles of a token's scope that the client still has.
domain::Roles roles_in(std::string_view scope) {
  domain::Roles roles;
  while (!scope.empty()) {
    const auto space = scope.find(' ');
    if (const auto role = domain::parse_role(scope.substr(0, space))) roles.add(*role);
    scope.remove_prefix(space == std::string_view::npos ? scope.size() : space + 1);
  }
  return roles;
}

constexpr Timestamp kForever{Milliseconds(253'402'300'799'000)};  // the end of the year 9999

}  // namespace

Authorizer::Authorizer(std::vector<store::Credential> credentials, AuthorizerParts parts) : parts_(std::move(parts)) {
  for (auto& credential : credentials) {
    domain::Principal principal;
    principal.id = principal.name = credential.name;
    principal.roles = {domain::Role::admin};
    administrators_.push_back({credential.key_hash, std::make_shared<const domain::Principal>(std::move(principal))});
  }
}

Result<domain::PrincipalPtr> Authorizer::authenticate(std::string_view authorization, std::string_view peer) {
  auto verdict = look(authorization, peer);
  if (verdict.wanted) return unauthenticated();
  return std::move(verdict.principal);
}

Verdict Authorizer::look(std::string_view authorization, std::string_view peer) {
  const std::string_view key = bearer_key(authorization);
  if (key.empty()) return {unauthenticated(), nullptr};
  const auto digest = crypto::sha256(key);
  if (auto administrator = find_administrator(digest)) return {std::move(administrator), nullptr};

  // Read before what is derived: a change in between makes the entry void rather than stale.
  const std::uint64_t generation = parts_.accounts.generation();
  if (auto known = cache_.find(digest, generation, parts_.clock.wall_now())) {
    if (known->account) parts_.accounts.note_used(known->account);
    return {std::move(known->principal), nullptr};
  }
  if (auto identified = identify_key(digest)) return accept(digest, std::move(*identified), generation);
  if (looks_like_token(key)) return check_token(key, digest, peer);
  return {refuse(peer, jwt::Fault::unknown_key), nullptr};
}

domain::PrincipalPtr Authorizer::find_administrator(const domain::SecretHash& digest) const {
  domain::PrincipalPtr found;
  for (const auto& administrator : administrators_) {
    if (crypto::constant_time_equal(as_bytes(digest), as_bytes(administrator.hash))) found = administrator.principal;
  }
  return found;
}

Authorizer::Identity Authorizer::identify_key(const domain::SecretHash& digest) const {
  const AccountPtr account = parts_.accounts.find_key(digest);
  if (!account) return jwt::Fault::unknown_key;
  const Timestamp until = account->expires.value_or(kForever);
  if (parts_.clock.wall_now() >= until) return jwt::Fault::expired;
  return Identified{parts_.accounts.principal_of(*account, account->roles), account->id.key, until};
}

Authorizer::Identity Authorizer::identify_own(const jwt::Token& token) const {
  const jwt::Expectation expected{
      parts_.issuer, {parts_.issuer}, {crypto::SignatureAlgorithm::es256}, std::string(kAccessTokenType)};
  if (auto checked = jwt::check_claims(token, expected, parts_.clock.wall_now()); !checked) return checked.error();
  if (auto checked = jwt::check_signature(token, *parts_.signing_keys.keys()); !checked) return checked.error();
  const auto id = parse_id<AccountId>(token.claims.subject);
  const AccountPtr client = id ? parts_.accounts.find(*id) : nullptr;
  if (!client || client->kind != domain::AccountKind::client) return jwt::Fault::unknown_principal;
  const Timestamp until = std::min(*token.claims.expires + jwt::kClockLeeway, client->expires.value_or(kForever));
  if (parts_.clock.wall_now() >= until) return jwt::Fault::expired;
  return Identified{parts_.accounts.principal_of(*client, roles_in(scope_of(token.claims))), client->id.key, until};
}

// `unmapped`: why a token whose signature is good is given nothing here.
Authorizer::Identity Authorizer::identify_outside(const jwt::Token& token, const domain::Issuer& issuer,
                                                  Status& unmapped) const {
  const Timestamp now = parts_.clock.wall_now();
  const jwt::Expectation expected{issuer.settings.issuer, issuer.settings.audiences, algorithms_of(issuer.settings), {}};
  if (auto checked = jwt::check_claims(token, expected, now); !checked) return checked.error();
  const auto keys = parts_.issuer_keys.keys(issuer);
  if (!keys) return jwt::Fault::unknown_key;
  if (auto checked = jwt::check_signature(token, *keys); !checked) return checked.error();
  const auto mapped = domain::map_claims(issuer.settings, token.claims.all);
  if (!mapped) {
    unmapped = mapped.error();
    return jwt::Fault::unknown_principal;
  }
  domain::Principal principal;
  principal.id = to_text(issuer.id) + '/' + token.claims.subject;
  principal.name = token.claims.subject;
  principal.kind = domain::PrincipalKind::outside;
  principal.tenant = issuer.tenant;
  principal.roles = mapped->roles;
  principal.grants = parts_.accounts.grants_of(principal.id);
  if (!issuer.tenant && !mapped->tenant.empty()) {
    const TenantPtr tenant = parts_.tenants.find(mapped->tenant);
    if (!tenant) {
      unmapped = Error{ErrorKind::forbidden, "unmapped_token", "the token's tenant is not known here", {}, {}};
      return jwt::Fault::unknown_principal;
    }
    principal.tenant = tenant->key;
  }
  return Identified{std::make_shared<const domain::Principal>(std::move(principal)),
                    {},
                    std::min(*token.claims.expires + jwt::kClockLeeway, now + kVerifiedTokenTime)};
}

Verdict Authorizer::check_token(std::string_view text, const domain::SecretHash& digest, std::string_view peer) {
  if (const auto wait = failures_.wait_time(throttled_address(peer), parts_.clock.steady_now()); wait && !peer.empty()) {
    return {too_many_requests("Too many calls with a wrong key or token; try again later.", *wait), nullptr};
  }
  const std::uint64_t generation = parts_.accounts.generation();
  const auto token = jwt::parse_token(text);
  if (!token) return {refuse(peer, token.error()), nullptr};
  if (token->claims.issuer == parts_.issuer) {
    auto identified = identify_own(*token);
    if (!identified) return {refuse(peer, identified.error()), nullptr};
    return accept(digest, std::move(*identified), generation);
  }
  jwt::Fault fault = jwt::Fault::wrong_issuer;
  Status unmapped;
  for (const IssuerPtr& issuer : parts_.issuers.named(token->claims.issuer)) {
    auto identified = identify_outside(*token, *issuer, unmapped);
    if (identified) {
      // Old keys are fetched again beside their use.
      if (parts_.issuer_keys.wants_fetch(*issuer, IssuerKeys::Missed::no)) parts_.issuer_keys.fetch(issuer, [](bool) {});
      return accept(digest, std::move(*identified), generation);
    }
    fault = identified.error();
    const bool missed = fault == jwt::Fault::unknown_key;
    if (missed && parts_.issuer_keys.wants_fetch(*issuer, IssuerKeys::Missed::yes)) return {unauthenticated(), issuer};
  }
  if (!unmapped) return {unmapped.error(), nullptr};
  return {refuse(peer, fault), nullptr};
}

Verdict Authorizer::accept(const domain::SecretHash& digest, Identified identified, std::uint64_t generation) {
  if (identified.account) parts_.accounts.note_used(identified.account);
  cache_.put(digest, {identified.principal, identified.account, identified.until, generation});
  return {std::move(identified.principal), nullptr};
}

Error Authorizer::refuse(std::string_view peer, jwt::Fault fault) {
  observe::log(observe::Level::debug, "a key or token was refused", {{"cause", jwt::to_text(fault)}, {"peer", peer}});
  if (peer.empty()) return unauthenticated();
  const std::string address = throttled_address(peer);
  const SteadyTime now = parts_.clock.steady_now();
  const auto wait = failures_.wait_time(address, now);
  if (wait) return too_many_requests("Too many calls with a wrong key or token; try again later.", *wait);
  failures_.failed(address, now);
  return unauthenticated();
}

net::Task<void> Authorizer::fetch_keys(IssuerPtr issuer) {
  co_await net::until_from_anywhere<bool>([&](auto done) { parts_.issuer_keys.fetch(issuer, std::move(done)); });
}

store::Credential make_credential(std::string name, std::string_view key, Timestamp now) {
  return {std::move(name), crypto::sha256(key), now};
}

}  // namespace posthorn::access
