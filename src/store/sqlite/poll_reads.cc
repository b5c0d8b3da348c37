#include "store/sqlite/poll_reads.h"

namespace posthorn::store::sqlite {

PolledPage PollReads::poll(const PollDeliveries& query) {
  PolledPage page;
  std::size_t payload_bytes = 0;
  Cursor row = page_.open(query.subscription, domain::kNeverDue + Milliseconds(query.after), std::int64_t{query.limit} + 1);
  while (row.next()) {
    page.more = page.items.size() == query.limit;
    if (page.more) return page;
    auto event = std::make_shared<const domain::Event>(read_event(row));
    payload_bytes += event->payload.size();
    page.more = !page.items.empty() && payload_bytes > query.payload_bytes_max;
    if (page.more) return page;
    const DeliveryId id{row.key<DeliveryKey>(kEventColumnCount), row.salt(kEventColumnCount + 1)};
    page.items.push_back({id, std::move(event), (row.time(kEventColumnCount + 2) - domain::kNeverDue).count()});
  }
  return page;
}

}  // namespace posthorn::store::sqlite
