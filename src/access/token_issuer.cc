#include "access/token_issuer.h"

#include "base/text.h"

namespace posthorn::access {
namespace {

constexpr std::size_t kTokenIdBytes = 16;
constexpr std::size_t kClientTextBytesMax = 256;  // of id and secret each

std::string_view as_bytes(const domain::SecretHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

Error invalid_client() {
  return {ErrorKind::unauthenticated, "invalid_client", "The client id or the secret is wrong.", {}, {}};
}

Error invalid_scope(std::string message) {
  return {ErrorKind::invalid_argument, "invalid_scope", std::move(message), "scope", {}};
}

std::int64_t seconds_of(Timestamp time) { return time.time_since_epoch().count() / 1000; }

}  // namespace

Result<domain::Roles> read_scope(std::string_view scope, domain::Roles held) {
  constexpr std::string_view kDefaultScope = "/.default";
  if (scope.size() > kScopeBytesMax) return invalid_scope("The scope is too long.");
  if (scope.empty() || (scope.ends_with(kDefaultScope) && scope.find(' ') == std::string_view::npos)) return held;
  domain::Roles asked;
  while (!scope.empty()) {
    const auto space = scope.find(' ');
    const auto word = scope.substr(0, space);
    scope.remove_prefix(space == std::string_view::npos ? scope.size() : space + 1);
    if (word.empty()) continue;
    const auto role = domain::parse_role(word);
    if (!role || !held.has(*role)) return invalid_scope("The scope names a role that the client does not have.");
    asked.add(*role);
  }
  return asked.empty() ? held : asked;
}

TokenIssuer::TokenIssuer(Accounts& accounts, const SigningKeys& keys, const Clock& clock, std::string issuer)
    : accounts_(accounts), keys_(keys), clock_(clock), issuer_(std::move(issuer)) {}

Result<IssuedToken> TokenIssuer::issue(const TokenRequest& request) {
  const SteadyTime now = clock_.steady_now();
  const std::string address = throttled_address(request.peer);
  const std::string client(request.client_id.substr(0, kClientTextBytesMax));
  const std::string pair = client + '@' + address;
  auto wait = address_failures_.wait_time(address, now);
  // A name is "full" in known_addresses_ while it is remembered as good.
  if (!wait && !known_addresses_.wait_time(pair, now)) wait = client_failures_.wait_time(client, now);
  if (wait) return too_many_requests("Too many attempts with a wrong client id or secret; try again later.", *wait);

  const AccountPtr account = check_secret(request);
  if (!account) {
    address_failures_.failed(address, now);
    client_failures_.failed(client, now);
    return invalid_client();
  }
  known_addresses_.failed(pair, now);
  const auto roles = read_scope(request.scope, account->roles);
  if (!roles) return roles.error();
  accounts_.note_used(account->id.key);
  return sign(*account, *roles);
}

// Null unless id and secret are those of a client. Both comparisons are made whatever the first says.
AccountPtr TokenIssuer::check_secret(const TokenRequest& request) const {
  static const domain::SecretHash kNobodys{};
  const bool too_long = request.client_id.size() > kClientTextBytesMax || request.client_secret.size() > kClientTextBytesMax;
  const auto id = parse_id<AccountId>(request.client_id).value_or(AccountId{});
  const AccountPtr account = accounts_.find(id);
  const auto hash = crypto::sha256(request.client_secret.substr(0, kClientTextBytesMax));
  const Timestamp now = clock_.wall_now();
  const bool has_previous = account && account->previous_hash && now < account->previous_until;
  const bool current = crypto::constant_time_equal(as_bytes(hash), as_bytes(account ? account->secret_hash : kNobodys));
  const bool previous =
      crypto::constant_time_equal(as_bytes(hash), as_bytes(has_previous ? *account->previous_hash : kNobodys));
  const bool is_client = account && account->kind == domain::AccountKind::client;
  const bool alive = is_client && (!account->expires || now < *account->expires);
  return alive && !too_long && (current || previous) ? account : nullptr;
}

IssuedToken TokenIssuer::sign(const domain::Account& client, domain::Roles roles) const {
  const std::int64_t now = seconds_of(clock_.wall_now());
  const std::chrono::seconds lifetime = kTokenLifetime;
  IssuedToken issued;
  issued.lifetime = lifetime;
  issued.scope = to_text(roles);
  issued.tenant = client.tenant;
  const std::string id = to_text(client.id);
  issued.token = keys_.sign({{"iss", issuer_},
                             {"sub", id},
                             {"aud", issuer_},
                             {"client_id", id},
                             {"scope", issued.scope},
                             {"iat", now},
                             {"nbf", now},
                             {"exp", now + lifetime.count()},
                             {"jti", base64url_encode(crypto::random_bytes(kTokenIdBytes))}});
  return issued;
}

}  // namespace posthorn::access
