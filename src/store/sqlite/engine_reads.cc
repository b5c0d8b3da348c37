#include "store/sqlite/engine_reads.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <unordered_map>

#include "base/limits.h"
#include "store/sqlite/key_list.h"

namespace posthorn::store::sqlite {

bool EngineReads::lives(SubscriptionKey subscription) { return lives_.open(subscription).next(); }

std::vector<LaneWork> EngineReads::lanes_with_work(const std::vector<std::uint32_t>& shards) {
  std::bitset<kShardCount> wanted;
  for (const std::uint32_t shard : shards) {
    if (shard < kShardCount) wanted.set(shard);
  }
  std::map<SubscriptionKey, LaneWork> lanes;
  const auto keep = [&](SubscriptionKey key) -> LaneWork* {
    if (!wanted.test(domain::shard_of(key)) || !lives(key)) return nullptr;
    LaneWork& lane = lanes[key];
    lane.subscription = key;
    return &lane;
  };
  for (SubscriptionKey last;;) {
    Timestamp due;
    if (Cursor row = next_lane_.open(last); row.next()) {
      last = row.key<SubscriptionKey>(0);
      due = row.time(1);
    } else {
      break;
    }
    if (due >= domain::kNeverDue) continue;  // for its consumer to read
    if (LaneWork* lane = keep(last)) lane->earliest_due = due;
  }
  for (SubscriptionKey last;;) {
    if (Cursor row = next_ordered_lane_.open(last); row.next()) {
      last = row.key<SubscriptionKey>(0);
    } else {
      break;
    }
    if (LaneWork* lane = keep(last)) lane->ordered = true;
  }
  std::vector<LaneWork> found;
  found.reserve(lanes.size());
  for (const auto& [key, lane] : lanes) found.push_back(lane);
  return found;
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

Sequence EngineReads::read_sequence(const LoadOrdered& query, std::int64_t order_key, EventKey after,
                                    std::size_t& payload_bytes) {
  Sequence sequence;
  sequence.order_key = order_key;
  // One more than asked for says whether there is more.
  Cursor row = sequence_.open(query.subscription, order_key, after, query.per_sequence + 1);
  while (row.next()) {
    if (sequence.deliveries.size() == query.per_sequence || (payload_bytes > query.payload_bytes_max)) {
      sequence.more = true;
      break;
    }
    auto event = std::make_shared<const domain::Event>(read_event(row));
    payload_bytes += event->payload.size();
    sequence.deliveries.push_back({.id = {row.key<DeliveryKey>(kEventColumnCount), row.salt(kEventColumnCount + 1)},
                                   .subscription = query.subscription,
                                   .event = std::move(event),
                                   .attempts = row.count(kEventColumnCount + 2),
                                   .schedule_start = row.count(kEventColumnCount + 3),
                                   .due = row.time(kEventColumnCount + 4),
                                   .order_key = order_key});
  }
  if (!sequence.deliveries.empty()) sequence.due = sequence.deliveries.front().due;
  return sequence;
}

OrderedPage EngineReads::load_ordered(const LoadOrdered& query) {
  OrderedPage page;
  if (!lives(query.subscription)) return page;
  std::size_t payload_bytes = 0;
  if (query.one_sequence) {
    page.sequences.push_back(read_sequence(query, query.from, query.after, payload_bytes));
    if (page.sequences.back().deliveries.empty()) page.sequences.clear();
    return page;
  }
  std::size_t read = 0;
  for (std::int64_t from = query.from;;) {
    std::int64_t order_key = 0;
    Timestamp due;
    if (Cursor row = next_sequence_.open(query.subscription, from); row.next()) {
      order_key = row.integer(0);
      due = row.time(1);
    } else {
      return page;
    }
    const bool full = read >= query.limit || payload_bytes > query.payload_bytes_max;
    if (page.sequences.size() >= query.sequences_max || (full && due <= query.due_until)) {
      page.next = order_key;
      return page;
    }
    if (due > query.due_until) {
      Sequence waiting;
      waiting.order_key = order_key;
      waiting.due = due;
      page.sequences.push_back(std::move(waiting));
    } else {
      page.sequences.push_back(read_sequence(query, order_key, {}, payload_bytes));
      read += page.sequences.back().deliveries.size();
    }
    if (order_key == std::numeric_limits<std::int64_t>::max()) return page;
    from = order_key + 1;
  }
}

std::vector<EndpointHealth> EngineReads::load_health() {
  std::vector<EndpointHealth> rows;
  for (Cursor row = health_.open(); row.next();)
    rows.push_back({row.key<SubscriptionKey>(0), row.time(1), row.integer(2) != 0});
  return rows;
}

std::vector<UnfinishedFanout> EngineReads::unfinished_fanouts() {
  std::vector<UnfinishedFanout> fanouts;
  std::unordered_map<std::int64_t, SubscriptionSet> rests;
  for (Cursor row = fanouts_.open(); row.next();) {
    SubscriptionSet rest;
    if (!row.is_null(kEventColumnCount + 1)) {
      SubscriptionSet& known = rests[row.integer(kEventColumnCount + 1)];
      if (known == nullptr) {
        Cursor found = rest_.open(row.integer(kEventColumnCount + 1));
        if (!found.next()) throw DatabaseError(SQLITE_CORRUPT, "a fan-out's subscriptions are missing");
        auto keys = decode_keys<SubscriptionKey>(found.bytes(0));
        if (!keys) throw DatabaseError(SQLITE_CORRUPT, "a fan-out's subscriptions are unreadable");
        known = std::make_shared<const std::vector<SubscriptionKey>>(std::move(*keys));
      }
      rest = known;
    }
    fanouts.push_back(
        {std::make_shared<const domain::Event>(read_event(row)), row.key<SubscriptionKey>(kEventColumnCount), std::move(rest)});
  }
  return fanouts;
}

PendingCount EngineReads::count_pending() {
  PendingCount count;
  DeliveryKey oldest;
  for (Statement* statement : {&count_, &count_ordered_}) {
    Cursor row = statement->open();
    if (!row.next() || row.integer(0) == 0) continue;
    count.pending += static_cast<std::uint64_t>(row.integer(0));
    const auto first = row.key<DeliveryKey>(1);
    oldest = oldest ? std::min(oldest, first) : first;
  }
  if (Cursor row = accepted_.open(oldest); row.next()) count.oldest = row.time(0);
  return count;
}

}  // namespace posthorn::store::sqlite
