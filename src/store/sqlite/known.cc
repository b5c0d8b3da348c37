#include "store/sqlite/known.h"

#include <utility>

namespace posthorn::store::sqlite {
namespace {

constexpr std::size_t kPlacesMax = 100'000;

}  // namespace

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

bool Known::enter_place(std::int64_t owner, std::int64_t bucket) {
  if (places_.size() > kPlacesMax) places_.clear();
  return std::exchange(places_[owner], bucket) != bucket;
}

void Known::forget() {
  fresh_ = false;
  places_.clear();
}

}  // namespace posthorn::store::sqlite
