#include "store/sqlite/catalogue_writes.h"

#include "domain/outbound/subscription_document.h"
#include "store/sqlite/revisions.h"

namespace posthorn::store::sqlite {
namespace {

// The subscription number that a statement's only row ends with.
template <class Key>
std::optional<std::int64_t> number_of(Statement& statement, int column, Key key) {
  Cursor row = statement.open(key);
  return row.next() ? std::optional(row.integer(column)) : std::nullopt;
}

}  // namespace

Status CatalogueWrites::check_name_is_free(Statement& by_name, TenantKey tenant, std::string_view name, std::int64_t key) {
  Cursor row = by_name.open(tenant, name);
  if (row.next() && row.integer(0) != key) return conflict("name", "the name is taken", "name_taken");
  return {};
}

Status CatalogueWrites::check_tenant_lives(TenantKey tenant) {
  return known_.is_deleted(tenant) ? Status(not_found("the tenant does not exist")) : Status();
}

Result<Saved> CatalogueWrites::save(const SaveTenant& write) {
  const domain::Tenant& tenant = write.tenant;
  if (auto lives = check_tenant_lives(tenant.key); !lives) return lives.error();
  std::optional<Stored> stored;
  if (Cursor row = find_tenant_.open(tenant.key); row.next()) stored = Stored{row.integer(0), tenant.key};
  if (auto status = check_revision(stored, tenant.key, write.expected_revision); !status) return status.error();
  if (auto status = check_name_is_free(tenant_by_name_, tenant.key, tenant.name, tenant.key.value); !status) {
    return status.error();
  }
  const int enabled = tenant.webhooks_enabled ? 1 : 0;
  if (stored) {
    update_tenant_.run(tenant.key, tenant.name, tenant.display_name, enabled, tenant.settings, tenant.updated_at);
    access_.note(write.audit);
    return Saved{stored->revision + 1};
  }
  insert_tenant_.run(tenant.key, tenant.name, tenant.display_name, enabled, tenant.settings, tenant.created_at,
                     tenant.updated_at);
  access_.note(write.audit);
  return Saved{1};
}

Result<void> CatalogueWrites::remove(const DeleteTenant& write) {
  std::optional<Stored> stored;
  if (Cursor row = find_tenant_.open(write.tenant); row.next()) stored = Stored{row.integer(0), write.tenant};
  if (auto status = check_removal(stored, write.expected_revision); !status) return status;
  delete_tenant_.run(write.tenant);
  access_.forget(write.tenant);
  known_.add_deleted(write.tenant);
  access_.note(write.audit);
  return {};
}

Result<Saved> CatalogueWrites::save(const SaveTopic& write) {
  const domain::Topic& topic = write.topic;
  if (auto lives = check_tenant_lives(topic.tenant); !lives) return lives.error();
  const auto stored = find_stored(find_topic_, topic.key.value);
  if (auto status = check_revision(stored, topic.tenant, write.expected_revision); !status) return status.error();
  if (auto status = check_name_is_free(topic_by_name_, topic.tenant, topic.name, topic.key.value); !status) {
    return status.error();
  }
  if (stored) {
    update_topic_.run(topic.key, topic.name, topic.description, topic.schema, topic.example, topic.updated_at);
    access_.note(write.audit);
    return Saved{stored->revision + 1};
  }
  insert_topic_.run(topic.key, topic.tenant, topic.name, topic.description, topic.schema, topic.example, topic.created_at,
                    topic.updated_at);
  access_.note(write.audit);
  return Saved{1};
}

Result<void> CatalogueWrites::remove(const DeleteTopic& write) {
  if (auto status = check_removal(find_stored(find_topic_, write.topic.value), write.expected_revision); !status) return status;
  delete_topic_.run(write.topic);
  access_.note(write.audit);
  return {};
}

Result<Saved> CatalogueWrites::save(const SaveScope& write) {
  const domain::Scope& scope = write.scope;
  if (auto lives = check_tenant_lives(scope.tenant); !lives) return lives.error();
  const auto stored = find_stored(find_scope_, scope.key.value);
  if (auto status = check_revision(stored, scope.tenant, write.expected_revision); !status) return status.error();
  if (auto status = check_name_is_free(scope_by_name_, scope.tenant, scope.name, scope.key.value); !status) {
    return status.error();
  }
  if (stored) {
    update_scope_.run(scope.key, scope.name, scope.display_name, scope.updated_at);
    access_.note(write.audit);
    return Saved{stored->revision + 1};
  }
  insert_scope_.run(scope.key, scope.tenant, scope.name, scope.display_name, scope.created_at, scope.updated_at);
  access_.note(write.audit);
  return Saved{1};
}

Result<void> CatalogueWrites::remove(const DeleteScope& write) {
  if (auto status = check_removal(find_stored(find_scope_, write.scope.value), write.expected_revision); !status) return status;
  delete_scope_.run(write.scope);
  access_.note(write.audit);
  return {};
}

Result<SavedSubscription> CatalogueWrites::save(const SaveSubscription& write) {
  const domain::Subscription& subscription = write.subscription;
  if (auto lives = check_tenant_lives(subscription.tenant); !lives) return lives.error();
  if (known_.is_deleted(subscription.id.key)) return not_found("the subscription does not exist");
  const auto stored = find_stored(find_subscription_, subscription.id.key.value);
  if (auto status = check_revision(stored, subscription.tenant, write.expected_revision); !status) return status.error();
  const std::string& uid = subscription.settings.uid;
  if (Cursor row = subscription_by_uid_.open(subscription.tenant, uid);
      row.next() && row.key<SubscriptionKey>(0) != subscription.id.key) {
    return conflict("uid", "another subscription of the tenant has it", "uid_taken");
  }
  const std::string settings = domain::encode_settings(subscription.settings);
  const Blob secret = as_blob(subscription.sealed_secret);
  if (stored) {
    // Whoever switches it on gives its endpoint a new start.
    if (subscription.settings.enabled && !is_enabled(subscription.id.key)) forget_health_.run(subscription.id.key);
    update_subscription_.run(subscription.id.key, settings, secret, subscription.disabled_reason, subscription.updated_at, uid);
    access_.note(write.audit);
    return SavedSubscription{stored->revision + 1, *number_of(find_subscription_, 2, subscription.id.key)};
  }
  const auto number = number_of(next_number_, 0, subscription.tenant);
  if (!number) return not_found("the tenant does not exist");
  insert_subscription_.run(subscription.id.key, subscription.id.salt, subscription.tenant, settings, secret,
                           subscription.disabled_reason, subscription.created_at, subscription.updated_at, *number, uid);
  access_.note(write.audit);
  return SavedSubscription{1, *number};
}

Result<void> CatalogueWrites::remove(const DeleteSubscription& write) {
  const auto stored = find_stored(find_subscription_, write.subscription.value);
  if (auto status = check_removal(stored, write.expected_revision); !status) return status;
  delete_subscription_.run(write.subscription, write.at);
  access_.forget(write.subscription);
  forget_health_.run(write.subscription);
  known_.add_deleted(write.subscription);
  access_.note(write.audit);
  return {};
}

Result<void> CatalogueWrites::save(const SaveCredential& write) {
  replace_credential_.run(write.credential.name, Blob(write.credential.key_hash), write.credential.created_at);
  return {};
}

bool CatalogueWrites::is_enabled(SubscriptionKey subscription) {
  std::string text;
  if (Cursor row = settings_of_.open(subscription); row.next()) text = row.text(0);
  const auto settings = domain::decode_settings(text);
  return settings && settings->enabled;
}

void CatalogueWrites::disable(SubscriptionKey subscription, std::string_view reason, Timestamp at) {
  std::string text;
  if (Cursor row = settings_of_.open(subscription); row.next()) {
    text = row.text(0);
  } else {
    return;
  }
  auto settings = domain::decode_settings(text);
  if (!settings || !settings->enabled) return;
  settings->enabled = false;
  forget_health_.run(subscription);
  disable_subscription_.run(subscription, domain::encode_settings(*settings), reason, at);
}

}  // namespace posthorn::store::sqlite
