#include "store/sqlite/catalogue_reads.h"

#include <algorithm>

#include "domain/outbound/subscription_document.h"
#include "store/sqlite/automation_rows.h"

namespace posthorn::store::sqlite {
namespace {

constexpr const char* kTenants =
    "SELECT key, name, display_name, webhooks_enabled, settings, revision, created, updated FROM tenants WHERE deleted = 0 "
    "ORDER BY key";
constexpr const char* kTopics =
    "SELECT t.key, t.tenant, t.name, t.description, t.schema, t.example, t.revision, t.created, t.updated FROM topics t "
    "WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE key = t.tenant AND deleted > 0) ORDER BY t.key";
constexpr const char* kScopes =
    "SELECT s.key, s.tenant, s.name, s.display_name, s.revision, s.created, s.updated FROM scopes s "
    "WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE key = s.tenant AND deleted > 0) ORDER BY s.key";
constexpr const char* kSubscriptions =
    "SELECT s.key, s.salt, s.tenant, s.settings, s.sealed_secret, s.disabled_reason, s.revision, s.created, s.updated, "
    "s.number FROM subscriptions s WHERE s.deleted = 0 "
    "AND NOT EXISTS (SELECT 1 FROM tenants WHERE key = s.tenant AND deleted > 0) ORDER BY s.key";
constexpr const char* kCredentials = "SELECT name, key_hash, created FROM credentials ORDER BY name";

}  // namespace

Result<Catalogue> CatalogueReads::load() {
  Catalogue catalogue;
  catalogue.tenants = tenants();
  catalogue.topics = topics();
  catalogue.scopes = scopes();
  auto subscriptions_read = subscriptions();
  if (!subscriptions_read) return subscriptions_read.error();
  catalogue.subscriptions = std::move(*subscriptions_read);
  auto automations_read = read_automations(connection_);
  if (!automations_read) return automations_read.error();
  catalogue.automations = std::move(*automations_read);
  catalogue.credentials = credentials();
  return catalogue;
}

std::vector<domain::Tenant> CatalogueReads::tenants() {
  std::vector<domain::Tenant> tenants;
  Statement statement(connection_, kTenants);
  for (Cursor row = statement.open(); row.next();) {
    domain::Tenant& tenant = tenants.emplace_back();
    tenant.key = row.key<TenantKey>(0);
    tenant.name = row.text(1);
    tenant.display_name = row.text(2);
    tenant.webhooks_enabled = row.integer(3) != 0;
    tenant.settings = row.text(4);
    tenant.revision = row.integer(5);
    tenant.created_at = row.time(6);
    tenant.updated_at = row.time(7);
  }
  return tenants;
}

std::vector<domain::Topic> CatalogueReads::topics() {
  std::vector<domain::Topic> topics;
  Statement statement(connection_, kTopics);
  for (Cursor row = statement.open(); row.next();) {
    domain::Topic& topic = topics.emplace_back();
    topic.key = row.key<TopicKey>(0);
    topic.tenant = row.key<TenantKey>(1);
    topic.name = row.text(2);
    topic.description = row.text(3);
    topic.schema = row.text(4);
    topic.example = row.text(5);
    topic.revision = row.integer(6);
    topic.created_at = row.time(7);
    topic.updated_at = row.time(8);
  }
  return topics;
}

std::vector<domain::Scope> CatalogueReads::scopes() {
  std::vector<domain::Scope> scopes;
  Statement statement(connection_, kScopes);
  for (Cursor row = statement.open(); row.next();) {
    domain::Scope& scope = scopes.emplace_back();
    scope.key = row.key<ScopeKey>(0);
    scope.tenant = row.key<TenantKey>(1);
    scope.name = row.text(2);
    scope.display_name = row.text(3);
    scope.revision = row.integer(4);
    scope.created_at = row.time(5);
    scope.updated_at = row.time(6);
  }
  return scopes;
}

Result<std::vector<domain::Subscription>> CatalogueReads::subscriptions() {
  std::vector<domain::Subscription> subscriptions;
  Statement statement(connection_, kSubscriptions);
  for (Cursor row = statement.open(); row.next();) {
    domain::Subscription& subscription = subscriptions.emplace_back();
    subscription.id = {row.key<SubscriptionKey>(0), row.salt(1)};
    subscription.tenant = row.key<TenantKey>(2);
    auto settings = domain::decode_settings(row.text(3));
    if (!settings) {
      return internal_error("subscription " + to_text(subscription.id) +
                            " cannot be read from the store: " + settings.error().message);
    }
    subscription.settings = std::move(*settings);
    const Blob secret = row.blob(4);
    subscription.sealed_secret.assign(secret.begin(), secret.end());
    subscription.disabled_reason = row.text(5);
    subscription.revision = row.integer(6);
    subscription.created_at = row.time(7);
    subscription.updated_at = row.time(8);
    subscription.number = row.integer(9);
  }
  return subscriptions;
}

std::vector<Credential> CatalogueReads::credentials() {
  std::vector<Credential> credentials;
  Statement statement(connection_, kCredentials);
  for (Cursor row = statement.open(); row.next();) {
    Credential& credential = credentials.emplace_back();
    credential.name = row.text(0);
    std::ranges::copy_n(row.blob(1).begin(), static_cast<std::ptrdiff_t>(credential.key_hash.size()),
                        credential.key_hash.begin());
    credential.created_at = row.time(2);
  }
  return credentials;
}

}  // namespace posthorn::store::sqlite
