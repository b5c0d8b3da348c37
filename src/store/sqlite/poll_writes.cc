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
      acknowledged.items.push_back({std::string(row.text(1)), row.time(2)});
    }
  }
  for (const DeliveryKey key : keys) acknowledge_.run(key, write.at);
  acknowledged.more = keys.size() == write.limit;
  return acknowledged;
}

}  // namespace posthorn::store::sqlite
