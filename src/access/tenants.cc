#include "access/tenants.h"

#include <mutex>
#include <utility>

#include "domain/access/audit_document.h"
#include "store/audit.h"

namespace posthorn::access {

void Tenants::fill(std::vector<domain::Tenant> tenants) {
  const std::unique_lock lock(mutex_);
  for (auto& tenant : tenants) {
    auto shared = std::make_shared<const domain::Tenant>(std::move(tenant));
    if (listener_) listener_(*shared);
    by_name_.insert_or_assign(shared->name, shared);
    by_key_.insert_or_assign(shared->key, std::move(shared));
  }
}

TenantPtr Tenants::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

TenantPtr Tenants::find(TenantKey key) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

std::vector<TenantPtr> Tenants::list(std::string_view after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<TenantPtr> found;
  for (auto at = by_name_.upper_bound(after); at != by_name_.end() && found.size() < limit; ++at) found.push_back(at->second);
  return found;
}

net::Task<Result<TenantPtr>> Tenants::save(store::Session& session, domain::Tenant tenant, std::int64_t expected_revision,
                                           store::Author author) {
  const Timestamp now = clock_.wall_now();
  if (!tenant.key) {
    tenant.key = TenantKey{ids_.next_key()};
    tenant.created_at = now;
  }
  tenant.updated_at = now;

  const TenantPtr before = find(tenant.key);
  auto audit = store::audit_entry(
      ids_, author, tenant.key,
      {"tenant", tenant.name, before ? domain::audit_document(*before) : std::string(), domain::audit_document(tenant)});
  store::SaveTenant write{tenant, expected_revision, std::move(audit)};
  const auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_tenant(std::move(write), std::move(done)); });
  if (!saved) co_return saved.error();

  tenant.revision = saved->revision;
  std::string name = tenant.name;
  auto stored = std::make_shared<const domain::Tenant>(std::move(tenant));
  const std::unique_lock lock(mutex_);
  auto& place = by_name_[std::move(name)];
  // Another loop's later change may have come first.
  if (!place || place->key != stored->key || place->revision < stored->revision) {
    place = stored;
    by_key_.insert_or_assign(stored->key, stored);
    if (listener_) listener_(*stored);
  }
  co_return TenantPtr(stored);
}

net::Task<Status> Tenants::remove(store::Session& session, TenantPtr tenant, std::int64_t expected_revision,
                                  store::Author author) {
  auto audit = store::audit_entry(ids_, author, tenant->key, {"tenant", tenant->name, domain::audit_document(*tenant), {}});
  store::DeleteTenant write{tenant->key, expected_revision, std::move(audit)};
  const auto removed =
      co_await net::until<Result<void>>([&](auto done) { session.delete_tenant(std::move(write), std::move(done)); });
  if (!removed) co_return removed.error();

  forget(tenant);
  co_return Status();
}

void Tenants::forget(const TenantPtr& tenant) {
  const std::unique_lock lock(mutex_);
  const auto found = by_name_.find(tenant->name);
  if (found != by_name_.end() && found->second->key == tenant->key) by_name_.erase(found);
  by_key_.erase(tenant->key);
}

std::vector<TenantPtr> Tenants::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<TenantPtr> found;
  found.reserve(by_name_.size());
  for (const auto& [name, tenant] : by_name_) found.push_back(tenant);
  return found;
}

Error webhooks_disabled() {
  return {ErrorKind::forbidden,
          "webhooks_disabled",
          "Webhooks are switched off for this tenant: nothing is accepted or sent until its webhooksEnabled is true.",
          {},
          {}};
}

}  // namespace posthorn::access
