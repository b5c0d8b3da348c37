// LaneSet: reading pages from the store for lanes.
#include <algorithm>

#include "outbound/lane_set.h"

namespace posthorn::outbound {

void LaneSet::request_loads(Slot& slot, Timestamp now) {
  if (slot.lane.wants_load(now)) request_load({slot.lane.subscription(), false});
  if (slot.lane.wants_ordered_load(now)) request_load({slot.lane.subscription(), true});
}

void LaneSet::request_load(Load load) {
  if (std::find(load_queue_.begin(), load_queue_.end(), load) != load_queue_.end()) return;
  load_queue_.push_back(load);
  start_loads();
}

void LaneSet::start_loads() {
  while (loads_running_ < kLoadsAtOnceMax && !load_queue_.empty()) {
    const Load load = load_queue_.front();
    load_queue_.pop_front();
    const Timestamp now = clock_.schedule_now();
    Slot& lane_slot = slot(load.subscription, now);
    if (load.ordered && lane_slot.lane.wants_ordered_load(now)) start_ordered_load(lane_slot);
    if (!load.ordered && lane_slot.lane.wants_load(now)) start_load(lane_slot);
  }
}

void LaneSet::start_load(Slot& slot) {
  ++loads_running_;
  store::LoadPending query;
  query.subscription = slot.lane.subscription();
  query.due_until = Timestamp::max();
  query.limit = slot.lane.begin_load();
  query.payload_bytes_max = kLaneWindowBytesMax;
  session_.load_pending(query, [this, subscription = query.subscription, limit = query.limit](Result<std::vector<Work>> page) {
    load_done(subscription, limit, std::move(page));
  });
}

void LaneSet::start_ordered_load(Slot& slot) {
  ++loads_running_;
  const auto query = slot.lane.begin_ordered_load(clock_.schedule_now());
  session_.load_ordered(query, [this, subscription = query.subscription](Result<store::OrderedPage> page) {
    ordered_load_done(subscription, std::move(page));
  });
}

void LaneSet::load_done(SubscriptionKey subscription, std::size_t limit, Result<std::vector<Work>> page) {
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(subscription, now);
  if (!page) {
    lane_slot.lane.load_failed(now + kStoreRetryTime);
  } else {
    std::size_t bytes = 0;
    for (const auto& work : *page) bytes += work.event->payload.size();
    const bool more = page->size() >= limit || bytes >= kLaneWindowBytesMax;
    std::erase_if(*page, [this](const Work& work) { return was_expunged(work); });
    lane_slot.lane.loaded(std::move(*page), more, now);
  }
  load_ended(lane_slot, now);
}

void LaneSet::ordered_load_done(SubscriptionKey subscription, Result<store::OrderedPage> page) {
  const Timestamp now = clock_.schedule_now();
  Slot& lane_slot = slot(subscription, now);
  if (page) {
    for (auto& sequence : page->sequences) {
      std::erase_if(sequence.deliveries, [this](const Work& work) { return was_expunged(work); });
    }
    lane_slot.lane.ordered_loaded(std::move(*page), now);
  } else {
    lane_slot.lane.ordered_load_failed(now + kStoreRetryTime);
  }
  load_ended(lane_slot, now);
}

bool LaneSet::was_expunged(const Work& work) const {
  return std::find(expunged_.begin(), expunged_.end(), work.event->id.key) != expunged_.end();
}

void LaneSet::load_ended(Slot& slot, Timestamp now) {
  --loads_running_;
  service(slot, now);
  start_loads();
  arm();
  check_drained();
}

}  // namespace posthorn::outbound
