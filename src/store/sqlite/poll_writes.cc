#include "store/sqlite/poll_writes.h"

namespace posthorn::store::sqlite {

Result<AcknowledgedPolled> PollWrites::acknowledge(const AcknowledgePolled& write) {
  AcknowledgedPolled acknowledged;
  std::vector<DeliveryKey> keys;
  {
    Cursor row =
        pending_.open(write.subscription, domain::kNeverDue, domain::kNeverDue + Milliseconds(write.through), write.limit);
    while (row.next()) {
      keys.push_back(row.key<DeliveryKey>(0));
      statistics_.delivered(row.key<TenantKey>(1), write.subscription, row.text(2), row.time(3), write.at);
    }
  }
  for (const DeliveryKey key : keys) acknowledge_.run(key, write.at);
  acknowledged.count = static_cast<std::uint32_t>(keys.size());
  acknowledged.more = keys.size() == write.limit;
  return acknowledged;
}

}  // namespace posthorn::store::sqlite
