#include "store/sqlite/shard_writes.h"

namespace posthorn::store::sqlite {

Result<std::vector<Lease>> ShardWrites::claim(const ClaimShards& write) {
  std::vector<Lease> held;
  for (std::uint32_t shard = 0; shard < kShardCount; ++shard) {
    std::int64_t epoch = 0;
    bool own = false;
    bool free = true;
    if (Cursor row = find_.open(shard); row.next()) {
      own = row.text(0) == write.node;
      free = own || row.time(2) <= write.now;
      epoch = row.integer(1);
    }
    if (!free) continue;
    if (!own) ++epoch;
    take_.run(shard, write.node, epoch, write.until);
    known_.set_epoch(shard, epoch);
    held.push_back({shard, epoch});
  }
  return held;
}

Result<std::vector<Lease>> ShardWrites::renew(const RenewShards& write) {
  std::vector<Lease> held;
  for (const Lease& lease : write.leases) {
    if (extend_.run(lease.shard, write.node, lease.epoch, write.until) > 0) held.push_back(lease);
  }
  return held;
}

}  // namespace posthorn::store::sqlite
