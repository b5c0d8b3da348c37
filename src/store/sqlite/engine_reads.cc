#include "store/sqlite/engine_reads.h"

#include <algorithm>
#include <bitset>
#include <unordered_map>

#include "base/limits.h"

namespace posthorn::store::sqlite {

bool EngineReads::lives(SubscriptionKey subscription) { return lives_.open(subscription).next(); }

std::vector<LaneWork> EngineReads::lanes_with_work(const std::vector<std::uint32_t>& shards) {
  std::bitset<kShardCount> wanted;
  for (const std::uint32_t shard : shards) {
    if (shard < kShardCount) wanted.set(shard);
  }
  std::vector<LaneWork> lanes;
  SubscriptionKey last;
  while (true) {
    LaneWork lane;
    if (Cursor row = next_lane_.open(last); row.next()) {
      lane = {row.key<SubscriptionKey>(0), row.time(1)};
    } else {
      return lanes;
    }
    last = lane.subscription;
    if (lane.earliest_due >= domain::kNeverDue) continue;  // for its consumer to read
    if (wanted.test(domain::shard_of(last)) && lives(last)) lanes.push_back(lane);
  }
}

std::vector<domain::PendingDelivery> EngineReads::load_pending(const LoadPending& query) {
  std::vector<domain::PendingDelivery> page;
  if (!lives(query.subscription)) return page;
  std::unordered_map<EventKey, domain::EventPtr> events;
  std::size_t payload_bytes = 0;
  const Timestamp due_until = std::min(query.due_until, domain::kNeverDue - Milliseconds(1));
  Cursor row = pending_.open(query.subscription, due_until, query.after_due, query.after_key, query.limit);
  while (row.next()) {
    domain::EventPtr& event = events[row.key<EventKey>(0)];
    if (event == nullptr) {
      event = std::make_shared<const domain::Event>(read_event(row));
      payload_bytes += event->payload.size();
      if (!page.empty() && payload_bytes > query.payload_bytes_max) return page;
    }
    page.push_back({.id = {row.key<DeliveryKey>(kEventColumnCount), row.salt(kEventColumnCount + 1)},
                    .subscription = query.subscription,
                    .event = event,
                    .attempts = row.count(kEventColumnCount + 2),
                    .schedule_start = row.count(kEventColumnCount + 3),
                    .due = row.time(kEventColumnCount + 4)});
  }
  return page;
}

std::vector<UnfinishedFanout> EngineReads::unfinished_fanouts() {
  std::vector<UnfinishedFanout> fanouts;
  for (Cursor row = fanouts_.open(); row.next();) {
    fanouts.push_back({std::make_shared<const domain::Event>(read_event(row)), row.key<SubscriptionKey>(kEventColumnCount)});
  }
  return fanouts;
}

PendingCount EngineReads::count_pending() {
  PendingCount count;
  DeliveryKey oldest;
  if (Cursor row = count_.open(domain::kNeverDue); row.next()) {
    count.pending = static_cast<std::uint64_t>(row.integer(0));
    oldest = row.key<DeliveryKey>(1);
  }
  if (Cursor row = accepted_.open(oldest); row.next()) count.oldest = row.time(0);
  return count;
}

}  // namespace posthorn::store::sqlite
