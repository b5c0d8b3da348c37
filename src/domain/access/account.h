// Accounts, grants and trusted issuers: what is stored about who may call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/access/issuer.h"
#include "domain/access/role.h"

namespace posthorn::domain {

enum class AccountKind : std::uint8_t {
  client,  // client id and secret, traded for tokens
  key,     // a static bearer key
};
std::string_view to_text(AccountKind kind);

using SecretHash = std::array<std::uint8_t, 32>;  // SHA-256: the secrets are 256 random bits, so nothing slower is needed

struct Account {
  AccountId id;
  AccountKind kind = AccountKind::client;
  TenantKey tenant;  // none: the server
  std::string name;
  Roles roles;
  SecretHash secret_hash{};
  // The secret before the last rotation; good until then.
  std::optional<SecretHash> previous_hash;
  Timestamp previous_until;
  std::optional<Timestamp> expires;
  std::optional<Timestamp> last_used;  // coarse: see access::Accounts
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Account&, const Account&) = default;
};

// A single object for one principal. Today objects are subscriptions.
struct Grant {
  GrantId id;
  std::string principal;  // Principal::id
  TenantKey tenant;       // of the subscription
  SubscriptionId subscription;
  Timestamp created_at;

  friend bool operator==(const Grant&, const Grant&) = default;
};

struct Issuer {
  IssuerId id;
  TenantKey tenant;  // all its principals belong to it; none: see IssuerSettings::tenant_claim
  IssuerSettings settings;
  std::int64_t revision = 1;
  Timestamp created_at;
  Timestamp updated_at;

  friend bool operator==(const Issuer&, const Issuer&) = default;
};

}  // namespace posthorn::domain
