// Writes to tenants, topics, scopes, subscriptions and credentials. Each runs inside the writer's transaction and checks before
// it changes anything, so that its refusal undoes nothing of the others.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/access_writes.h"
#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

class CatalogueWrites {
 public:
  CatalogueWrites(Connection& connection, Known& known, AccessWrites& access)
      : connection_(connection), known_(known), access_(access) {}

  Result<Saved> save(const SaveTenant& write);
  Result<Saved> save(const SaveTopic& write);
  Result<Saved> save(const SaveScope& write);
  Result<SavedSubscription> save(const SaveSubscription& write);
  Result<void> save(const SaveCredential& write);
  Result<void> remove(const DeleteTenant& write);
  Result<void> remove(const DeleteTopic& write);
  Result<void> remove(const DeleteScope& write);
  Result<void> remove(const DeleteSubscription& write);

  // What a 410 does. Nothing when the subscription is gone or disabled already.
  void disable(SubscriptionKey subscription, std::string_view reason, Timestamp at);

 private:
  Status check_name_is_free(Statement& by_name, TenantKey tenant, std::string_view name, std::int64_t key);
  Status check_tenant_lives(TenantKey tenant);
  bool is_enabled(SubscriptionKey subscription);

  Connection& connection_;
  Known& known_;
  AccessWrites& access_;

  Statement find_tenant_{connection_, "SELECT revision FROM tenants WHERE key = ?1 AND deleted = 0"};
  Statement tenant_by_name_{connection_, "SELECT key FROM tenants WHERE name = ?2 AND deleted = 0 AND ?1 = ?1"};
  Statement insert_tenant_{
      connection_,
      "INSERT INTO tenants(key, name, display_name, webhooks_enabled, settings, revision, created, updated) "
      "VALUES(?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)"};
  Statement update_tenant_{connection_,
                           "UPDATE tenants SET name = ?2, display_name = ?3, webhooks_enabled = ?4, settings = ?5, "
                           "revision = revision + 1, updated = ?6 WHERE key = ?1"};
  Statement delete_tenant_{connection_, "UPDATE tenants SET deleted = 1 WHERE key = ?1"};

  Statement find_topic_{connection_, "SELECT revision, tenant FROM topics WHERE key = ?1"};
  Statement topic_by_name_{connection_, "SELECT key FROM topics WHERE tenant = ?1 AND name = ?2"};
  Statement insert_topic_{connection_,
                          "INSERT INTO topics(key, tenant, name, description, schema, example, revision, created, updated) "
                          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8)"};
  Statement update_topic_{connection_,
                          "UPDATE topics SET name = ?2, description = ?3, schema = ?4, example = ?5, revision = revision + 1, "
                          "updated = ?6 WHERE key = ?1"};
  Statement delete_topic_{connection_, "DELETE FROM topics WHERE key = ?1"};

  Statement find_scope_{connection_, "SELECT revision, tenant FROM scopes WHERE key = ?1"};
  Statement scope_by_name_{connection_, "SELECT key FROM scopes WHERE tenant = ?1 AND name = ?2"};
  Statement insert_scope_{connection_,
                          "INSERT INTO scopes(key, tenant, name, display_name, revision, created, updated) "
                          "VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6)"};
  Statement update_scope_{
      connection_, "UPDATE scopes SET name = ?2, display_name = ?3, revision = revision + 1, updated = ?4 WHERE key = ?1"};
  Statement delete_scope_{connection_, "DELETE FROM scopes WHERE key = ?1"};

  Statement find_subscription_{connection_,
                               "SELECT revision, tenant, number FROM subscriptions WHERE key = ?1 AND deleted = 0"};
  Statement subscription_by_uid_{connection_, "SELECT key FROM subscriptions WHERE tenant = ?1 AND uid = ?2 AND deleted = 0"};
  Statement next_number_{connection_, "UPDATE tenants SET last_number = last_number + 1 WHERE key = ?1 RETURNING last_number"};
  Statement insert_subscription_{connection_,
                                 "INSERT INTO subscriptions(key, salt, tenant, settings, sealed_secret, disabled_reason, "
                                 "revision, created, updated, number, uid) "
                                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, nullif(?10, ''))"};
  Statement update_subscription_{connection_,
                                 "UPDATE subscriptions SET settings = ?2, sealed_secret = ?3, disabled_reason = ?4, "
                                 "revision = revision + 1, updated = ?5, uid = nullif(?6, '') WHERE key = ?1"};
  Statement delete_subscription_{connection_,
                                 "UPDATE subscriptions SET deleted = 1, revision = revision + 1, updated = ?2 WHERE key = ?1"};
  Statement settings_of_{connection_, "SELECT settings FROM subscriptions WHERE key = ?1 AND deleted = 0"};
  Statement disable_subscription_{connection_,
                                  "UPDATE subscriptions SET settings = ?2, disabled_reason = ?3, revision = revision + 1, "
                                  "updated = ?4 WHERE key = ?1"};

  Statement forget_health_{connection_, "DELETE FROM endpoint_health WHERE subscription = ?1"};

  Statement replace_credential_{connection_, "INSERT OR REPLACE INTO credentials(name, key_hash, created) VALUES(?1, ?2, ?3)"};
};

}  // namespace posthorn::store::sqlite
