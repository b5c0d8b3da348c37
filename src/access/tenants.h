// Tenants: every tenant in memory, found by name; changes go to the store first.
//
// Place: api/* resolves the tenant of a call here and hands the value down; engines never look tenants up by name.
// Concurrency: find() from any thread; save() and remove() on the session's loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/outbound/subscription.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::access {

using TenantPtr = std::shared_ptr<const domain::Tenant>;

class Tenants {
 public:
  Tenants(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

  // Told of every tenant that is read or changed, on whichever loop that happens. Before fill().
  void on_change(std::function<void(const domain::Tenant&)> listener) { listener_ = std::move(listener); }
  void fill(std::vector<domain::Tenant> tenants);  // once, at start
  TenantPtr find(std::string_view name) const;     // null when there is none
  TenantPtr find(TenantKey key) const;
  // In order of name, from after `after`.
  std::vector<TenantPtr> list(std::string_view after, std::size_t limit) const;

  // `tenant.key` 0 and expected_revision 0: a new one. Otherwise changes the one of that name (revision must match).
  // `author`: who asks, for the audit log; empty: the server itself, which is not recorded.
  // Errors: conflict, precondition_failed, unavailable.
  net::Task<Result<TenantPtr>> save(store::Session& session, domain::Tenant tenant, std::int64_t expected_revision,
                                    store::Author author = {});
  // Its row goes otherwise (erasure): it is found no more.
  void forget(const TenantPtr& tenant);
  // Everybody, for periodic work.
  std::vector<TenantPtr> all() const;
  net::Task<Status> remove(store::Session& session, TenantPtr tenant, std::int64_t expected_revision,
                           store::Author author = {});

 private:
  std::function<void(const domain::Tenant&)> listener_;
  const Clock& clock_;
  IdSource& ids_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, TenantPtr, std::less<>> by_name_;
  std::unordered_map<TenantKey, TenantPtr> by_key_;
};

// What publishing and the vendors' surfaces answer while a tenant's webhooks are off.
Error webhooks_disabled();

}  // namespace posthorn::access
