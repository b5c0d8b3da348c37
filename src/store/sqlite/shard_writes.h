// Leases on shards. Runs inside the writer's transaction.
#pragma once

#include "base/result.h"
#include "store/operations.h"
#include "store/sqlite/known.h"

namespace posthorn::store::sqlite {

class ShardWrites {
 public:
  ShardWrites(Connection& connection, Known& known) : connection_(connection), known_(known) {}

  Result<std::vector<Lease>> claim(const ClaimShards& write);
  Result<std::vector<Lease>> renew(const RenewShards& write);

 private:
  Connection& connection_;
  Known& known_;

  Statement find_{connection_, "SELECT owner, epoch, expires FROM shards WHERE shard = ?1"};
  Statement take_{connection_, "INSERT OR REPLACE INTO shards(shard, owner, epoch, expires) VALUES(?1, ?2, ?3, ?4)"};
  Statement extend_{connection_, "UPDATE shards SET expires = ?4 WHERE shard = ?1 AND owner = ?2 AND epoch = ?3"};
};

}  // namespace posthorn::store::sqlite
