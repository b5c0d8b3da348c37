// What clients and keys have in common on the wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/kit/context.h"
#include "api/kit/json_writer.h"
#include "api/kit/services.h"
#include "domain/access/account.h"
#include "json/reader.h"

namespace posthorn::api::native {

// Whether the caller oversees what belongs to this tenant (none: the server's).
bool oversees(const RequestContext& context, TenantKey tenant);

// Reads "tenant": a name, or null for the server as a whole; when it is absent, the caller's own. Errors: not_found, the same
// for a tenant that there is not and for one that the caller does not oversee.
Result<TenantKey> read_owner(const Services& services, const RequestContext& context, json::ObjectReader& reader);
// Writes it: the name, or null.
void write_owner(JsonWriter& json, const Services& services, TenantKey tenant);

// Reads "roles" into `roles`; absent: left as it is.
void read_roles(json::ObjectReader& reader, domain::Roles& roles);
void write_roles(JsonWriter& json, domain::Roles roles);
// Reads an RFC 3339 time; null resets it.
void read_optional_time(json::ObjectReader& reader, std::string_view name, std::optional<Timestamp>& target);
void write_optional_time(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& time);

// Reads the call's body over `account`: name, roles and expiry; for a new one (without id) its tenant too.
Result<domain::Account> read_account(const Services& services, const RequestContext& context, domain::Account account);

// A whole account. `secret`: for the answer that shows it once, as "secret" of a client and "key" of a key; empty otherwise.
void append_account(std::string& body, const Services& services, const domain::Account& account, std::string_view secret = {});

// The account of this kind that the path's first parameter names. Errors: not_found with this code.
Result<access::AccountPtr> find_account(const Services& services, const RequestContext& context, domain::AccountKind kind);
net::Task<Answer> list_accounts(Services services, RequestContext& context, domain::AccountKind kind);
net::Task<Answer> get_account(Services services, RequestContext& context, domain::AccountKind kind);
net::Task<Answer> post_account(Services services, RequestContext& context, domain::AccountKind kind);
net::Task<Answer> patch_account(Services services, RequestContext& context, domain::AccountKind kind);
net::Task<Answer> remove_account(Services services, RequestContext& context, domain::AccountKind kind);

}  // namespace posthorn::api::native
