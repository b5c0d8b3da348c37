#include "outbound/catalogue.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "domain/access/audit_document.h"
#include "domain/outbound/notice.h"
#include "domain/outbound/predicate_list.h"
#include "domain/outbound/subscription_document.h"
#include "domain/outbound/topic.h"
#include "observe/log.h"
#include "store/audit.h"

namespace posthorn::outbound {
namespace {

using domain::SubscriptionPtr;

constexpr std::string_view kSecretPrefix = "whsec_";

template <class Map, class Pick>
auto page_of(const Map& map, std::string_view after, std::size_t limit, Pick pick) {
  std::vector<std::decay_t<decltype(pick(map.begin()->second))>> items;
  for (auto it = map.upper_bound(after); it != map.end() && items.size() < limit; ++it) items.push_back(pick(it->second));
  return items;
}

template <class Pointer>
std::string document_of(const Pointer& before) {
  return before ? domain::audit_document(*before) : std::string();
}

// Whether one of its patterns is for the server's own topic: an index of patterns knows no exceptions.
bool names(const domain::SubscriptionSettings& settings, std::string_view topic) {
  return std::any_of(settings.topics.begin(), settings.topics.end(),
                     [&](const std::string& pattern) { return domain::topic_matches(pattern, topic); });
}

// The server's own topics, in order of name.
const std::vector<TopicPtr>& own_topics() {
  static const std::vector<TopicPtr> topics = [] {
    std::vector<TopicPtr> made;
    for (const auto& row : domain::kNoticeTopics) {
      domain::Topic topic;
      topic.name = row.topic;
      topic.description = row.description;
      made.push_back(std::make_shared<const domain::Topic>(std::move(topic)));
    }
    return made;
  }();
  return topics;
}

Error reserved_topic() { return invalid("topic", "topics that begin with \"posthorn\" are the server's own", "reserved"); }

// A subscription that signs with v1a has a key pair, made when it is first needed. A new subscription has its secrets at hand;
// those of an older one are opened, and `secrets` is set when they change.
Status ensure_key_pair(const Catalogue& catalogue, const domain::Subscription& subscription,
                       std::optional<domain::SubscriptionSecrets>& secrets) {
  const auto& schemes = subscription.settings.signatures;
  if (std::find(schemes.begin(), schemes.end(), domain::SignatureScheme::v1a) == schemes.end()) return {};
  if (!secrets) {
    auto stored = catalogue.secrets_of(subscription);
    if (!stored) return std::move(stored).error();
    if (!stored->ed25519_seed.empty()) return {};
    secrets = std::move(*stored);
  }
  if (secrets->ed25519_seed.empty()) secrets->ed25519_seed = crypto::random_bytes(crypto::kEd25519SeedBytes);
  return {};
}

}  // namespace

Catalogue::Catalogue(const Clock& clock, IdSource& ids, const crypto::Sealer& sealer)
    : clock_(clock), ids_(ids), sealer_(sealer), automations_(clock, ids) {}

Status Catalogue::fill(store::Catalogue rows) {
  const std::unique_lock lock(mutex_);
  for (auto& topic : rows.topics) {
    KnownTopic known{std::make_shared<const domain::Topic>(std::move(topic)), nullptr};
    if (!known.topic->schema.empty()) {
      auto schema = json::Schema::compile(known.topic->schema, "schema");
      if (!schema) return internal_error("the stored schema of topic " + known.topic->name + ": " + schema.error().message);
      known.schema = std::move(*schema);
    }
    auto& topics = tenants_[known.topic->tenant].topics;
    topics.insert_or_assign(known.topic->name, std::move(known));
  }
  for (auto& scope : rows.scopes) {
    auto shared = std::make_shared<const domain::Scope>(std::move(scope));
    tenants_[shared->tenant].scopes.insert_or_assign(shared->name, shared);
  }
  automations_.fill(std::move(rows.automations));
  for (auto& subscription : rows.subscriptions) {
    put_subscription(std::make_shared<const domain::Subscription>(std::move(subscription)));
  }
  return {};
}

void Catalogue::on_subscription_change(SubscriptionListener listener) { listener_ = std::move(listener); }

const Catalogue::TenantPart* Catalogue::part(TenantKey tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : &found->second;
}

KnownTopic Catalogue::find_topic(TenantKey tenant, std::string_view name) const {
  for (const auto& own : own_topics()) {
    if (own->name == name) return {own, nullptr};
  }
  const std::shared_lock lock(mutex_);
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return {};
  const auto found = mine->topics.find(name);
  return found == mine->topics.end() ? KnownTopic{} : found->second;
}

std::vector<TopicPtr> Catalogue::list_topics(TenantKey tenant, std::string_view after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<TopicPtr> topics;
  if (const TenantPart* mine = part(tenant)) {
    topics = page_of(mine->topics, after, limit, [](const KnownTopic& known) { return known.topic; });
  }
  for (const auto& own : own_topics()) {
    if (own->name > after) topics.push_back(own);
  }
  std::ranges::sort(topics, {}, [](const TopicPtr& topic) { return std::string_view(topic->name); });
  if (topics.size() > limit) topics.resize(limit);
  return topics;
}

ScopePtr Catalogue::find_scope(TenantKey tenant, std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return nullptr;
  const auto found = mine->scopes.find(name);
  return found == mine->scopes.end() ? nullptr : found->second;
}

std::vector<ScopePtr> Catalogue::list_scopes(TenantKey tenant, std::string_view after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return {};
  return page_of(mine->scopes, after, limit, [](const ScopePtr& scope) { return scope; });
}

SubscriptionPtr Catalogue::find_subscription(TenantKey tenant, SubscriptionId id) const {
  const auto found = find_subscription(id.key);
  return found && found->tenant == tenant && found->id == id ? found : nullptr;
}

SubscriptionPtr Catalogue::find_subscription(SubscriptionKey key) const {
  const std::shared_lock lock(mutex_);
  const auto found = subscriptions_.find(key);
  return found == subscriptions_.end() ? nullptr : found->second;
}

SubscriptionPtr Catalogue::find_subscription_by_uid(TenantKey tenant, std::string_view uid) const {
  const std::shared_lock lock(mutex_);
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return nullptr;
  const auto found = mine->by_uid.find(uid);
  return found == mine->by_uid.end() ? nullptr : mine->subscriptions.at(found->second);
}

SubscriptionPtr Catalogue::find_subscription_by_number(TenantKey tenant, std::int64_t number) const {
  const std::shared_lock lock(mutex_);
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return nullptr;
  const auto found = mine->by_number.find(number);
  return found == mine->by_number.end() ? nullptr : mine->subscriptions.at(found->second);
}

std::vector<SubscriptionPtr> Catalogue::list_subscriptions(TenantKey tenant, SubscriptionKey after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<SubscriptionPtr> items;
  const TenantPart* mine = part(tenant);
  if (mine == nullptr) return items;
  for (auto it = mine->subscriptions.upper_bound(after); it != mine->subscriptions.end() && items.size() < limit; ++it) {
    items.push_back(it->second);
  }
  return items;
}

void Catalogue::set_tenant_names(TenantNames names) { tenant_names_ = std::move(names); }

std::string Catalogue::tenant_name(TenantKey tenant) const { return tenant_names_ ? tenant_names_(tenant) : std::string(); }

std::optional<std::vector<SubscriptionPtr>> Catalogue::candidates(const domain::Event& event,
                                                                  domain::EventDocument* document) const {
  const std::shared_lock lock(mutex_);
  std::vector<SubscriptionPtr> found;
  const TenantPart* mine = part(event.tenant);
  if (mine == nullptr) return found;
  const auto keys = mine->index.find(event.topic, document);
  if (!keys) return std::nullopt;
  found.reserve(keys->size());
  const bool reserved = domain::is_reserved_topic(event.topic);
  for (const auto key : *keys) {
    const auto subscription = subscriptions_.find(key);
    POSTHORN_CHECK(subscription != subscriptions_.end());
    if (reserved && !names(subscription->second->settings, event.topic)) continue;
    if (domain::admits(subscription->second->settings, event)) found.push_back(subscription->second);
  }
  return found;
}

std::vector<SubscriptionPtr> Catalogue::match(const domain::Event& event) const {
  domain::EventDocument document(event, tenant_name(event.tenant));
  return match(event, document);
}

std::vector<SubscriptionPtr> Catalogue::match(const domain::Event& event, domain::EventDocument& document) const {
  auto found = candidates(event, nullptr);
  if (found) return std::move(*found);
  // Parsing and predicates may take long: not under the lock.
  (void)document.value();
  found = candidates(event, &document);
  std::erase_if(*found, [&](const SubscriptionPtr& subscription) {
    return domain::has_predicates(subscription->settings) && !domain::selects(subscription->settings, document);
  });
  if (document.has_undecided()) {
    observe::log(observe::Level::warning, "predicates cost too much for an event: their subscriptions do not get it",
                 {{"event", to_text(event.id)}, {"tenant", tenant_name(event.tenant)}});
  }
  return std::move(*found);
}

Result<domain::SubscriptionSecrets> Catalogue::secrets_of(const domain::Subscription& subscription) const {
  const auto text = sealer_.open(subscription.sealed_secret, secret_context(subscription.id));
  if (!text) return text.error();
  return domain::decode_secrets(*text);
}

void Catalogue::put_subscription(const SubscriptionPtr& subscription) {
  TenantPart& mine = tenants_[subscription->tenant];
  auto& place = mine.subscriptions[subscription->id.key];
  if (place) unlink(mine, *place);
  place = subscription;
  mine.by_number[subscription->number] = subscription->id.key;
  if (!subscription->settings.uid.empty()) mine.by_uid[subscription->settings.uid] = subscription->id.key;
  mine.index.add(subscription->id.key, subscription->settings);
  subscriptions_[subscription->id.key] = subscription;
}

void Catalogue::unlink(TenantPart& part, const domain::Subscription& subscription) {
  part.index.remove(subscription.id.key);
  part.by_number.erase(subscription.number);
  part.by_uid.erase(subscription.settings.uid);
}

net::Task<Result<TopicPtr>> Catalogue::save_topic(store::Session& session, domain::Topic topic, std::int64_t expected_revision,
                                                  store::Author author) {
  if (domain::is_reserved_topic(topic.name)) co_return reserved_topic();
  SchemaPtr schema;
  if (!topic.schema.empty()) {
    auto compiled = json::Schema::compile(topic.schema, "schema");
    if (!compiled) co_return std::move(compiled).error();
    schema = std::move(*compiled);
  }
  topic.updated_at = clock_.wall_now();
  if (!topic.key) {
    topic.key = {ids_.next_key()};
    topic.created_at = topic.updated_at;
  }
  const auto before = expected_revision == 0 ? nullptr : find_topic(topic.tenant, topic.name).topic;
  auto audit =
      store::audit_entry(ids_, author, topic.tenant, {"topic", topic.name, document_of(before), domain::audit_document(topic)});
  store::SaveTopic write{topic, expected_revision, std::move(audit)};
  auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_topic(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  topic.revision = saved->revision;
  auto shared = std::make_shared<const domain::Topic>(std::move(topic));
  const std::unique_lock lock(mutex_);
  tenants_[shared->tenant].topics.insert_or_assign(shared->name, KnownTopic{shared, std::move(schema)});
  co_return shared;
}

net::Task<Status> Catalogue::remove_topic(store::Session& session, TopicPtr topic, std::int64_t expected_revision,
                                          store::Author author) {
  if (domain::is_reserved_topic(topic->name)) co_return reserved_topic();
  auto audit = store::audit_entry(ids_, author, topic->tenant, {"topic", topic->name, domain::audit_document(*topic), {}});
  store::DeleteTopic write{topic->key, expected_revision, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_topic(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  const std::unique_lock lock(mutex_);
  tenants_[topic->tenant].topics.erase(topic->name);
  co_return Status{};
}

net::Task<Result<ScopePtr>> Catalogue::save_scope(store::Session& session, domain::Scope scope, std::int64_t expected_revision,
                                                  store::Author author) {
  scope.updated_at = clock_.wall_now();
  if (!scope.key) {
    scope.key = {ids_.next_key()};
    scope.created_at = scope.updated_at;
  }
  const auto before = expected_revision == 0 ? nullptr : find_scope(scope.tenant, scope.name);
  auto audit =
      store::audit_entry(ids_, author, scope.tenant, {"scope", scope.name, document_of(before), domain::audit_document(scope)});
  store::SaveScope write{scope, expected_revision, std::move(audit)};
  auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_scope(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  scope.revision = saved->revision;
  auto shared = std::make_shared<const domain::Scope>(std::move(scope));
  const std::unique_lock lock(mutex_);
  tenants_[shared->tenant].scopes.insert_or_assign(shared->name, shared);
  co_return shared;
}

net::Task<Status> Catalogue::remove_scope(store::Session& session, ScopePtr scope, std::int64_t expected_revision,
                                          store::Author author) {
  auto audit = store::audit_entry(ids_, author, scope->tenant, {"scope", scope->name, domain::audit_document(*scope), {}});
  store::DeleteScope write{scope->key, expected_revision, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_scope(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  const std::unique_lock lock(mutex_);
  tenants_[scope->tenant].scopes.erase(scope->name);
  co_return Status{};
}

net::Task<Result<SubscriptionPtr>> Catalogue::save_subscription(store::Session& session, domain::Subscription subscription,
                                                                std::optional<domain::SubscriptionSecrets> secrets,
                                                                std::int64_t expected_revision, store::Author author) {
  if (auto checked = domain::check_settings(subscription.settings); !checked) co_return std::move(checked).error();
  const SecretUse use = use_of_secret(subscription.settings);
  const auto former = find_subscription(subscription.id.key);
  if (secrets) {
    if (auto checked = check_secret(secrets->current, use, "secret"); !checked) co_return std::move(checked).error();
  } else if (former && use == SecretUse::signs && use_of_secret(former->settings) == SecretUse::shown) {
    const auto stored = secrets_of(*former);
    if (!stored) co_return stored.error();
    if (auto checked = check_secret(stored->current, use, "secret"); !checked) co_return std::move(checked).error();
  }
  if (const auto& scope = subscription.settings.scope; !scope.empty() && !find_scope(subscription.tenant, scope)) {
    co_return invalid("scope", "there is no scope of this name", "unknown_scope");
  }
  subscription.updated_at = clock_.wall_now();
  if (!subscription.id.key) {
    subscription.id = ids_.next<SubscriptionId>();
    subscription.created_at = subscription.updated_at;
  }
  if (auto made = ensure_key_pair(*this, subscription, secrets); !made) co_return std::move(made).error();
  if (secrets) subscription.sealed_secret = sealer_.seal(domain::encode_secrets(*secrets), secret_context(subscription.id));
  POSTHORN_CHECK(!subscription.sealed_secret.empty());
  if (subscription.settings.enabled) subscription.disabled_reason.clear();

  const auto before = expected_revision == 0 ? nullptr : find_subscription(subscription.id.key);
  auto audit =
      store::audit_entry(ids_, author, subscription.tenant,
                         {"subscription", to_text(subscription.id), document_of(before), domain::audit_document(subscription)});
  store::SaveSubscription write{subscription, expected_revision, std::move(audit)};
  auto saved = co_await net::until<Result<store::SavedSubscription>>(
      [&](auto done) { session.save_subscription(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  subscription.revision = saved->revision;
  subscription.number = saved->number;
  auto shared = std::make_shared<const domain::Subscription>(std::move(subscription));
  {
    const std::unique_lock lock(mutex_);
    put_subscription(shared);
  }
  if (listener_) listener_(shared, false);
  co_return shared;
}

net::Task<Status> Catalogue::remove_subscription(store::Session& session, SubscriptionPtr subscription,
                                                 std::int64_t expected_revision, store::Author author) {
  auto audit = store::audit_entry(ids_, author, subscription->tenant,
                                  {"subscription", to_text(subscription->id), domain::audit_document(*subscription), {}});
  store::DeleteSubscription write{subscription->id.key, expected_revision, clock_.wall_now(), std::move(audit)};
  auto removed =
      co_await net::until<Status>([&](auto done) { session.delete_subscription(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  {
    const std::unique_lock lock(mutex_);
    TenantPart& mine = tenants_[subscription->tenant];
    if (const auto found = mine.subscriptions.find(subscription->id.key); found != mine.subscriptions.end()) {
      unlink(mine, *found->second);
      mine.subscriptions.erase(found);
    }
    subscriptions_.erase(subscription->id.key);
  }
  if (listener_) listener_(subscription, true);
  co_return Status{};
}

void Catalogue::forget_tenant(TenantKey tenant) {
  automations_.forget_tenant(tenant);
  std::vector<SubscriptionPtr> gone;
  {
    const std::unique_lock lock(mutex_);
    const auto found = tenants_.find(tenant);
    if (found == tenants_.end()) return;
    for (const auto& [key, subscription] : found->second.subscriptions) {
      gone.push_back(subscription);
      subscriptions_.erase(key);
    }
    tenants_.erase(found);
  }
  if (!listener_) return;
  for (const auto& subscription : gone) listener_(subscription, true);
}

void Catalogue::mark_disabled(SubscriptionKey key, std::string reason) {
  SubscriptionPtr changed;
  {
    const std::unique_lock lock(mutex_);
    const auto found = subscriptions_.find(key);
    if (found == subscriptions_.end() || !found->second->settings.enabled) return;
    domain::Subscription copy = *found->second;
    copy.settings.enabled = false;
    copy.disabled_reason = std::move(reason);
    ++copy.revision;
    changed = std::make_shared<const domain::Subscription>(std::move(copy));
    put_subscription(changed);
  }
  if (listener_) listener_(changed, false);
}

std::string secret_context(SubscriptionId id) { return "subscription " + to_text(id); }

std::string make_secret() { return std::string(kSecretPrefix) + base64_encode(crypto::random_bytes(32)); }

SecretUse use_of_secret(const domain::SubscriptionSettings& settings) {
  const bool signs = std::any_of(settings.signatures.begin(), settings.signatures.end(),
                                 [](auto scheme) { return scheme != domain::SignatureScheme::secret; });
  return signs ? SecretUse::signs : SecretUse::shown;
}

Status check_secret(std::string_view secret, SecretUse use, std::string field) {
  std::size_t bytes = secret.size();
  if (secret.starts_with(kSecretPrefix)) {
    const auto decoded = base64_decode(secret.substr(kSecretPrefix.size()));
    if (!decoded) return invalid(std::move(field), "must be base64 after \"whsec_\"", "invalid_secret");
    bytes = decoded->size();
  }
  for (const char c : secret) {
    if (c < 0x21 || c > 0x7e) return invalid(std::move(field), "must be printable ASCII without spaces", "invalid_secret");
  }
  const std::size_t bytes_min = use == SecretUse::shown ? 1 : kSecretBytesMin;
  if (bytes < bytes_min || bytes > kSecretBytesMax) {
    return invalid(std::move(field),
                   "must have " + std::to_string(bytes_min) + " to " + std::to_string(kSecretBytesMax) + " bytes of key",
                   "invalid_secret");
  }
  return {};
}

}  // namespace posthorn::outbound
