#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

void Known::read() {
  tenants_.clear();
  subscriptions_.clear();
  epochs_.fill(0);

  Statement tenants(connection_, "SELECT key FROM tenants WHERE deleted > 0");
  for (Cursor row = tenants.open(); row.next();) tenants_.insert(row.key<TenantKey>(0));

  Statement subscriptions(connection_, "SELECT key FROM subscriptions INDEXED BY subscriptions_deleted WHERE deleted = 1");
  for (Cursor row = subscriptions.open(); row.next();) subscriptions_.insert(row.key<SubscriptionKey>(0));

  Statement shards(connection_, "SELECT shard, epoch FROM shards WHERE shard < ?1");
  for (Cursor row = shards.open(kShardCount); row.next();) epochs_[row.count(0)] = row.integer(1);
  fresh_ = true;
}

}  // namespace posthorn::store::sqlite
