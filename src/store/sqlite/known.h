// Known: the little that the writer keeps in memory of the database, so that checking a write costs no query.
//
// Concurrency: the writer's. After a rollback forget() makes it read again what the database really holds.
#pragma once

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/ids.h"
#include "base/limits.h"
#include "store/operations.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

class Known {
 public:
  explicit Known(Connection& connection) : connection_(connection) {}

  bool is_deleted(TenantKey tenant) { return fresh().tenants_.contains(tenant) || erased_.contains(tenant); }
  bool is_deleted(SubscriptionKey subscription) { return fresh().subscriptions_.contains(subscription); }
  bool holds(const Lease& lease) { return lease.shard < kShardCount && fresh().epochs_[lease.shard] == lease.epoch; }

  void add_deleted(TenantKey tenant) { fresh().tenants_.insert(tenant); }
  void add_deleted(SubscriptionKey subscription) { fresh().subscriptions_.insert(subscription); }
  bool is_erased(TenantKey tenant) const { return erased_.contains(tenant); }
  // Its row is gone; a write that was on its way still may not bring anything of it back. (After a restart nothing is.)
  void add_erased(TenantKey tenant) { erased_.insert(tenant); }
  void remove_deleted(SubscriptionKey subscription) { fresh().subscriptions_.erase(subscription); }
  const std::unordered_set<SubscriptionKey>& deleted_subscriptions() { return fresh().subscriptions_; }
  void set_epoch(std::uint32_t shard, std::int64_t epoch) { fresh().epochs_[shard] = epoch; }

  // Whether `owner` is not known to have rows in this bucket (places.h); from now on it is.
  bool enter_place(std::int64_t owner, std::int64_t bucket);

  void forget();

 private:
  Known& fresh() {
    if (!fresh_) read();
    return *this;
  }
  void read();

  Connection& connection_;
  bool fresh_ = false;
  std::unordered_set<TenantKey> tenants_;                  // deleted ones
  std::unordered_set<TenantKey> erased_;                   // kept through forget()
  std::unordered_set<SubscriptionKey> subscriptions_;      // deleted ones
  std::array<std::int64_t, kShardCount> epochs_{};         // 0: never owned
  std::unordered_map<std::int64_t, std::int64_t> places_;  // the bucket that each owner was in last
};

}  // namespace posthorn::store::sqlite
