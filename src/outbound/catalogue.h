// Catalogue: topics, scopes and subscriptions of all tenants in memory, with the index that matches events to subscriptions;
// and the changes to them, which go to the store first.
//
// Place: api/* reads and changes it; Publisher and Fanout match with it; lanes take their subscription's latest value from it.
// Concurrency: reads from any thread (a shared lock, held only for the lookup); changes on the session's loop, one at a time
//   for each row through its revision.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "crypto/crypto.h"
#include "domain/outbound/subscription.h"
#include "domain/outbound/subscription_secrets.h"
#include "json/schema.h"
#include "net/task.h"
#include "outbound/automations.h"
#include "outbound/subscription_index.h"
#include "store/store.h"

namespace posthorn::outbound {

using TopicPtr = std::shared_ptr<const domain::Topic>;
using ScopePtr = std::shared_ptr<const domain::Scope>;
using SchemaPtr = std::shared_ptr<const json::Schema>;

struct KnownTopic {
  TopicPtr topic;
  SchemaPtr schema;  // null when the topic has none
};

// Told of every subscription that was made, changed or deleted (`deleted` set), after the commit, on the session's loop.
using SubscriptionListener = std::function<void(const domain::SubscriptionPtr&, bool deleted)>;

using TenantNames = std::function<std::string(TenantKey)>;

class Catalogue {
 public:
  Catalogue(const Clock& clock, IdSource& ids, const crypto::Sealer& sealer);

  // Once, at start. A topic whose stored schema does not compile any more is an error.
  Status fill(store::Catalogue rows);
  void on_subscription_change(SubscriptionListener listener);
  // Before the first match(). Called from any thread.
  void set_tenant_names(TenantNames names);

  // --- reading ---
  KnownTopic find_topic(TenantKey tenant, std::string_view name) const;
  std::vector<TopicPtr> list_topics(TenantKey tenant, std::string_view after, std::size_t limit) const;
  ScopePtr find_scope(TenantKey tenant, std::string_view name) const;
  std::vector<ScopePtr> list_scopes(TenantKey tenant, std::string_view after, std::size_t limit) const;
  // Null unless it is this tenant's.
  domain::SubscriptionPtr find_subscription(TenantKey tenant, SubscriptionId id) const;
  domain::SubscriptionPtr find_subscription(SubscriptionKey key) const;
  domain::SubscriptionPtr find_subscription_by_uid(TenantKey tenant, std::string_view uid) const;
  domain::SubscriptionPtr find_subscription_by_number(TenantKey tenant, std::int64_t number) const;
  // Oldest first, from after the key.
  std::vector<domain::SubscriptionPtr> list_subscriptions(TenantKey tenant, SubscriptionKey after, std::size_t limit) const;
  // The name of a tenant; empty when it is gone, or where nobody told (tests).
  std::string tenant_name(TenantKey tenant) const;
  // Who gets the event: matching subscriptions in order of key. Asks the document, which parses the payload, only when one of
  // the topic's subscriptions has predicates.
  std::vector<domain::SubscriptionPtr> match(const domain::Event& event, domain::EventDocument& document) const;
  std::vector<domain::SubscriptionPtr> match(const domain::Event& event) const;
  Automations& automations() { return automations_; }
  const Automations& automations() const { return automations_; }
  // Errors: internal, "cannot_unseal".
  Result<domain::SubscriptionSecrets> secrets_of(const domain::Subscription& subscription) const;

  // --- changing. save_*: key 0 and expected_revision 0 for a new row, else the row with its expected revision. ---
  // `author`: who asks, for the audit log; empty: the server itself, which is not recorded.
  // Errors: invalid_argument, conflict, precondition_failed, unavailable.
  net::Task<Result<TopicPtr>> save_topic(store::Session& session, domain::Topic topic, std::int64_t expected_revision,
                                         store::Author author = {});
  net::Task<Status> remove_topic(store::Session& session, TopicPtr topic, std::int64_t expected_revision,
                                 store::Author author = {});
  net::Task<Result<ScopePtr>> save_scope(store::Session& session, domain::Scope scope, std::int64_t expected_revision,
                                         store::Author author = {});
  net::Task<Status> remove_scope(store::Session& session, ScopePtr scope, std::int64_t expected_revision,
                                 store::Author author = {});
  // `secrets`: the new ones; nothing keeps the old (a new subscription must have them, with a signing secret). A subscription
  // that signs with v1a for the first time gets a key pair.
  net::Task<Result<domain::SubscriptionPtr>> save_subscription(store::Session& session, domain::Subscription subscription,
                                                               std::optional<domain::SubscriptionSecrets> secrets,
                                                               std::int64_t expected_revision, store::Author author = {});
  // A new signing secret (empty: one is made); the current one signs too for `overlap`, then no longer. A key pair for v1a
  // stays. Errors: as for save_subscription; invalid_argument when `secret` is the current one.
  struct RotatedSecret {
    domain::SubscriptionPtr subscription;
    std::string secret;
    std::optional<Timestamp> previous_until;  // nothing: the old one ended at once
  };
  net::Task<Result<RotatedSecret>> rotate_secret(store::Session& session, domain::SubscriptionPtr subscription,
                                                 std::string secret, Milliseconds overlap, std::int64_t expected_revision,
                                                 store::Author author = {});
  // Its pending deliveries are cancelled in steps afterwards.
  net::Task<Status> remove_subscription(store::Session& session, domain::SubscriptionPtr subscription,
                                        std::int64_t expected_revision, store::Author author = {});
  void forget_tenant(TenantKey tenant);
  // What the store did in record_attempt (410): mirrors it in memory.
  void mark_disabled(SubscriptionKey key, std::string reason);

 private:
  struct TenantPart {
    std::map<std::string, KnownTopic, std::less<>> topics;
    std::map<std::string, ScopePtr, std::less<>> scopes;
    std::map<SubscriptionKey, domain::SubscriptionPtr> subscriptions;
    std::map<std::string, SubscriptionKey, std::less<>> by_uid;
    std::map<std::int64_t, SubscriptionKey> by_number;
    SubscriptionIndex index;
  };

  // Of the event's topic and scope, predicates aside. Nothing when the index needs the document.
  std::optional<std::vector<domain::SubscriptionPtr>> candidates(const domain::Event& event,
                                                                 domain::EventDocument* document) const;
  void put_subscription(const domain::SubscriptionPtr& subscription);
  // Takes it out of everything that leads to it but `subscriptions`.
  static void unlink(TenantPart& part, const domain::Subscription& subscription);
  const TenantPart* part(TenantKey tenant) const;

  const Clock& clock_;
  IdSource& ids_;
  const crypto::Sealer& sealer_;
  SubscriptionListener listener_;
  TenantNames tenant_names_;
  Automations automations_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<TenantKey, TenantPart> tenants_;
  std::unordered_map<SubscriptionKey, domain::SubscriptionPtr> subscriptions_;
};

// What a subscription's sealed secrets are bound to (crypto::Sealer): they open for this subscription only.
std::string secret_context(SubscriptionId id);

// A new secret: "whsec_" and base64 of 32 random bytes (Standard Webhooks).
std::string make_secret();
// A secret that makes no signature is only compared by its receiver, whose system may have given a short one.
enum class SecretUse : std::uint8_t { signs, shown };
SecretUse use_of_secret(const domain::SubscriptionSettings& settings);
// Errors, naming `field`: not "whsec_" + base64 of kSecretBytesMin…Max bytes and not plain text of that length.
Status check_secret(std::string_view secret, SecretUse use, std::string field);

}  // namespace posthorn::outbound
