#include "store/sqlite/access_reads.h"

#include <algorithm>
#include <limits>

namespace posthorn::store::sqlite {
namespace {

constexpr std::size_t kRowsWalkedMax = 20'000;
constexpr std::size_t kPageBytesMax = 4 * 1024 * 1024;

constexpr const char* kAccounts =
    "SELECT key, salt, kind, tenant, name, roles, secret_hash, previous_hash, previous_until, expires, last_used, revision, "
    "created, updated FROM accounts ORDER BY key";
constexpr const char* kGrants =
    "SELECT key, salt, principal, tenant, subscription, subscription_salt, created FROM grants ORDER BY key";
constexpr const char* kIssuers = "SELECT key, salt, tenant, settings, revision, created, updated FROM issuers ORDER BY key";
constexpr const char* kSigningKeys = "SELECT id, sealed, created FROM signing_keys ORDER BY created, id";

domain::SecretHash read_hash(const Cursor& row, int column) {
  domain::SecretHash hash{};
  const Blob bytes = row.blob(column);
  std::ranges::copy_n(bytes.begin(), static_cast<std::ptrdiff_t>(std::min(bytes.size(), hash.size())), hash.begin());
  return hash;
}

std::optional<Timestamp> read_optional_time(const Cursor& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.time(column));
}

AuditEntry read_entry(const Cursor& row) {
  AuditEntry entry;
  entry.id = {row.key<AuditKey>(0), row.salt(1)};
  entry.tenant = row.key<TenantKey>(2);
  entry.author.principal = row.text(3);
  entry.author.name = row.text(4);
  entry.author.kind = row.text(5);
  entry.author.surface = row.text(6);
  entry.author.action = row.text(7);
  entry.author.request_id = row.text(8);
  entry.object_kind = row.text(9);
  entry.object = row.text(10);
  entry.before = row.text(11);
  entry.after = row.text(12);
  return entry;
}

}  // namespace

Result<AccessRows> AccessReads::load() {
  AccessRows rows;
  rows.accounts = accounts();
  rows.grants = grants();
  auto read = issuers();
  if (!read) return std::move(read).error();
  rows.issuers = std::move(*read);
  rows.signing_keys = signing_keys();
  return rows;
}

std::vector<domain::Account> AccessReads::accounts() {
  std::vector<domain::Account> accounts;
  Statement statement(connection_, kAccounts);
  for (Cursor row = statement.open(); row.next();) {
    domain::Account& account = accounts.emplace_back();
    account.id = {row.key<AccountKey>(0), row.salt(1)};
    account.kind = static_cast<domain::AccountKind>(row.integer(2));
    account.tenant = row.key<TenantKey>(3);
    account.name = row.text(4);
    account.roles = domain::Roles::of_bits(row.count(5));
    account.secret_hash = read_hash(row, 6);
    if (!row.is_null(7)) account.previous_hash = read_hash(row, 7);
    account.previous_until = row.time(8);
    account.expires = read_optional_time(row, 9);
    account.last_used = read_optional_time(row, 10);
    account.revision = row.integer(11);
    account.created_at = row.time(12);
    account.updated_at = row.time(13);
  }
  return accounts;
}

std::vector<domain::Grant> AccessReads::grants() {
  std::vector<domain::Grant> grants;
  Statement statement(connection_, kGrants);
  for (Cursor row = statement.open(); row.next();) {
    domain::Grant& grant = grants.emplace_back();
    grant.id = {row.key<GrantKey>(0), row.salt(1)};
    grant.principal = row.text(2);
    grant.tenant = row.key<TenantKey>(3);
    grant.subscription = {row.key<SubscriptionKey>(4), row.salt(5)};
    grant.created_at = row.time(6);
  }
  return grants;
}

Result<std::vector<domain::Issuer>> AccessReads::issuers() {
  std::vector<domain::Issuer> issuers;
  Statement statement(connection_, kIssuers);
  for (Cursor row = statement.open(); row.next();) {
    domain::Issuer& issuer = issuers.emplace_back();
    issuer.id = {row.key<IssuerKey>(0), row.salt(1)};
    issuer.tenant = row.key<TenantKey>(2);
    auto settings = domain::decode_issuer(row.text(3));
    if (!settings) {
      return internal_error("issuer " + to_text(issuer.id) + " cannot be read from the store: " + settings.error().message);
    }
    issuer.settings = std::move(*settings);
    issuer.revision = row.integer(4);
    issuer.created_at = row.time(5);
    issuer.updated_at = row.time(6);
  }
  return issuers;
}

std::vector<SigningKeyRow> AccessReads::signing_keys() {
  std::vector<SigningKeyRow> keys;
  Statement statement(connection_, kSigningKeys);
  for (Cursor row = statement.open(); row.next();) {
    SigningKeyRow& key = keys.emplace_back();
    key.id = row.text(0);
    const Blob sealed = row.blob(1);
    key.sealed.assign(sealed.begin(), sealed.end());
    key.created_at = row.time(2);
  }
  return keys;
}

Page<AuditEntry> AccessReads::list(const ListAudit& query) {
  Page<AuditEntry> page;
  const std::int64_t below = query.page.cursor > 0 ? query.page.cursor : std::numeric_limits<std::int64_t>::max();
  Cursor row = query.tenant ? of_tenant_.open(below, query.tenant) : all_.open(below);
  std::size_t walked = 0;
  std::size_t bytes = 0;
  std::int64_t last = 0;
  while (row.next()) {
    if (page.items.size() >= query.page.limit || walked >= kRowsWalkedMax || bytes > kPageBytesMax) {
      page.next = last;
      return page;
    }
    ++walked;
    last = row.integer(0);
    if (!query.object_kind.empty() && row.text(9) != query.object_kind) continue;
    if (!query.object.empty() && row.text(10) != query.object) continue;
    page.items.push_back(read_entry(row));
    bytes += page.items.back().before.size() + page.items.back().after.size();
  }
  return page;
}

}  // namespace posthorn::store::sqlite
