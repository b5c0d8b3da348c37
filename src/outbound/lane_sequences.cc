#include "outbound/lane_sequences.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace posthorn::outbound {
namespace {

constexpr std::uint32_t kScannedAtOnce = 4096;  // sequences that one page looks at
constexpr std::uint32_t kPerSequence = 16;      // deliveries that a scan takes of one sequence

EventKey event_of(const domain::PendingDelivery& work) { return work.event->id.key; }

void make_earlier(std::optional<Timestamp>& time, Timestamp at) { time = time ? std::min(*time, at) : at; }

}  // namespace

void LaneSequences::accept(Work work, Timestamp now, std::size_t window) {
  POSTHORN_CHECK(work.order_key.has_value());
  if (known_.contains(work.id.key)) return;
  const std::int64_t order_key = *work.order_key;
  // What a page may have shown already (and what may even be over) is decided by the store, not by this message.
  const bool perhaps_seen = event_of(work) <= paged_through_;
  const auto found = queues_.find(order_key);
  if (found == queues_.end()) {
    // Behind one that waits in the store: it is read when that one is due.
    if (!perhaps_seen && (complete_ ? left_ : seen_).contains(order_key)) return;
    if (perhaps_seen || !complete_ || !has_room(window)) return leave(order_key, now);
    insert(queues_[order_key], std::move(work));
    return settle(order_key, now);
  }
  Queue& queue = found->second;
  unlist(order_key, queue);
  const bool reading_on = loading_ && refilling_ == order_key;
  if (queue.more || perhaps_seen || reading_on || !has_room(window)) {
    // The store is read from behind what is here: what may stand before that is found only when nothing is.
    const bool behind_all = queue.waiting.empty() || event_of(work) > event_of(queue.waiting.back());
    if (perhaps_seen || !behind_all) forget_waiting(order_key, queue);
    queue.more = true;
  } else {
    insert(queue, std::move(work));
  }
  settle(order_key, now);
}

void LaneSequences::expect_in_store(Timestamp at) {
  make_earlier(store_next_, at);
  complete_ = false;
  scan_stale_ = true;
}

std::optional<domain::PendingDelivery> LaneSequences::take(Timestamp now, EventKey below) {
  wake(now);
  if (ready_.empty() || ready_.begin()->first >= below) return std::nullopt;
  const std::int64_t order_key = ready_.begin()->second;
  Queue& queue = queues_.at(order_key);
  unlist(order_key, queue);
  Work work = take_front(queue);
  settle(order_key, now);
  return work;
}

std::optional<domain::PendingDelivery> LaneSequences::take_more(std::int64_t order_key, Timestamp now, EventKey below) {
  const auto found = queues_.find(order_key);
  if (found == queues_.end() || found->second.waiting.empty()) return std::nullopt;
  Queue& queue = found->second;
  if (queue.waiting.front().due > now || event_of(queue.waiting.front()) >= below) return std::nullopt;
  Work work = take_front(queue);
  settle(order_key, now);
  return work;
}

LaneSequences::Queue& LaneSequences::end(const Work& work) {
  Queue& queue = queues_.at(*work.order_key);
  POSTHORN_CHECK(queue.out > 0);
  --queue.out;
  known_.erase(work.id.key);
  if (loading_) ended_while_loading_.insert(work.id.key);
  return queue;
}

void LaneSequences::finished(const Work& work, Timestamp now) {
  end(work);
  settle(*work.order_key, now);
}

void LaneSequences::retry_later(Work work, Timestamp due, Timestamp now) {
  const std::int64_t order_key = *work.order_key;
  Queue& queue = queues_.at(order_key);
  POSTHORN_CHECK(queue.out > 0);
  --queue.out;
  work.due = due;
  insert(queue, std::move(work));
  settle(order_key, now);
  if (waits_.size() <= kLaneWaitingMax) return;
  const auto [latest, evicted] = *waits_.rbegin();
  Queue& last = queues_.at(evicted);
  unlist(evicted, last);
  forget_waiting(evicted, last);
  hungry_.erase(evicted);
  queues_.erase(evicted);
  leave(evicted, latest);
}

void LaneSequences::abandoned(const Work& work, Timestamp now) {
  const std::int64_t order_key = *work.order_key;
  Queue& queue = end(work);
  forget_waiting(order_key, queue);
  queue.more = true;
  if (queue.out > 0) return settle(order_key, now);
  hungry_.erase(order_key);
  queues_.erase(order_key);
  leave(order_key, now);
}

void LaneSequences::cancelled(DeliveryKey delivery, Timestamp now) {
  // The store's first of a sequence may be the one that is gone, which lets others go.
  if (!left_.empty() || !complete_) expect_in_store(now);
  if (!known_.contains(delivery)) return;
  for (auto& [order_key, queue] : queues_) {
    const auto found =
        std::find_if(queue.waiting.begin(), queue.waiting.end(), [&](const Work& work) { return work.id.key == delivery; });
    if (found == queue.waiting.end()) continue;
    unlist(order_key, queue);
    bytes_ -= found->event->payload.size();
    --in_memory_;
    queue.waiting.erase(found);
    known_.erase(delivery);
    if (loading_) ended_while_loading_.insert(delivery);
    return settle(order_key, now);
  }
}

bool LaneSequences::wants_load(Timestamp now, std::size_t window) const {
  if (loading_ || !has_room(window) || now < load_not_before_) return false;
  if (!hungry_.empty()) return true;
  // A page is worth its reading when there is some room for it.
  if (in_memory_ > window / 4 * 3) return false;
  return scanning_ || (store_next_ && std::max(*store_next_, scan_not_before_) <= now);
}

store::LoadOrdered LaneSequences::begin_load(Timestamp now, std::size_t window) {
  POSTHORN_CHECK(!loading_ && in_memory_ < window);
  loading_ = true;
  ended_while_loading_.clear();
  store::LoadOrdered query;
  const auto room = static_cast<std::uint32_t>(std::min(window - in_memory_, kLanePageMax));
  query.limit = room;
  query.payload_bytes_max = kLaneWindowBytesMax;
  if (!hungry_.empty()) {
    refilling_ = *hungry_.begin();
    hungry_.erase(hungry_.begin());
    Queue& queue = queues_.at(*refilling_);
    query.one_sequence = true;
    query.from = *refilling_;
    if (queue.out > 0) query.after = queue.last_out;
    if (!queue.waiting.empty()) query.after = std::max(query.after, event_of(queue.waiting.back()));
    query.per_sequence = std::min(queue.page, room);
    queue.page = std::min(4 * queue.page, static_cast<std::uint32_t>(kLanePageMax));
    queue.more = false;  // what comes while the page is read sets it again
    refill_void_ = false;
    return query;
  }
  refilling_.reset();
  if (!scanning_) {
    scanning_ = true;
    scan_from_ = std::numeric_limits<std::int64_t>::min();
    scan_next_.reset();
    seen_.clear();
    left_.clear();  // from here on: what is left while the scan runs
    store_next_.reset();
    complete_ = false;
    scan_stale_ = false;
  }
  query.from = scan_from_;
  query.due_until = now;
  query.sequences_max = kScannedAtOnce;
  query.per_sequence = std::min(kPerSequence, room);
  return query;
}

void LaneSequences::loaded(store::OrderedPage page, Timestamp now, std::size_t window) {
  POSTHORN_CHECK(loading_);
  loading_ = false;
  for (const auto& sequence : page.sequences) {
    if (!sequence.deliveries.empty()) paged_through_ = std::max(paged_through_, event_of(sequence.deliveries.back()));
  }
  if (refilling_) {
    take_refill(std::move(page), now);
  } else {
    for (auto& sequence : page.sequences) take_scanned(std::move(sequence), now, window);
    if (page.next) {
      scan_from_ = *page.next;
    } else {
      scanning_ = false;
      scan_not_before_ = now + kLaneReloadPause;
      if (scan_next_) make_earlier(store_next_, *scan_next_);
      for (const std::int64_t order_key : seen_) note_left(order_key);
      complete_ = !scan_stale_ && left_.size() < kLaneSequencesLeftMax;
      seen_.clear();
    }
  }
  ended_while_loading_.clear();
}

void LaneSequences::take_scanned(store::Sequence sequence, Timestamp now, std::size_t window) {
  if (queues_.contains(sequence.order_key)) return;  // it reads on by itself
  if (sequence.deliveries.empty() || !has_room(window)) {
    make_earlier(scan_next_, sequence.deliveries.empty() ? sequence.due : now + kLaneReloadPause);
    if (seen_.size() < kLaneSequencesLeftMax) seen_.insert(sequence.order_key);
    return;
  }
  // Left while the page was read: it may be later than the page.
  sequence.more |= left_.erase(sequence.order_key) > 0;
  start_queue(std::move(sequence), now);
}

void LaneSequences::start_queue(store::Sequence sequence, Timestamp now) {
  take_rows(queues_[sequence.order_key], std::move(sequence.deliveries));
  queues_[sequence.order_key].more = sequence.more;
  settle(sequence.order_key, now);
}

void LaneSequences::take_rows(Queue& queue, std::vector<Work> rows) {
  queue.low = rows.size() / 4;
  for (auto& work : rows) {
    if (!known_.contains(work.id.key) && !ended_while_loading_.contains(work.id.key)) insert(queue, std::move(work));
  }
}

void LaneSequences::take_refill(store::OrderedPage page, Timestamp now) {
  const std::int64_t order_key = *refilling_;
  refilling_.reset();
  const auto found = queues_.find(order_key);
  if (found == queues_.end()) return;  // it was left to the store meanwhile
  Queue& queue = found->second;
  unlist(order_key, queue);
  if (refill_void_) {
    queue.more = true;
  } else if (!page.sequences.empty()) {
    queue.more |= page.sequences.front().more;
    take_rows(queue, std::move(page.sequences.front().deliveries));
  }
  settle(order_key, now);
}

void LaneSequences::load_failed(Timestamp again_at) {
  loading_ = false;
  ended_while_loading_.clear();
  load_not_before_ = again_at;
  if (!refilling_) return;
  const std::int64_t order_key = *std::exchange(refilling_, std::nullopt);
  const auto found = queues_.find(order_key);
  if (found == queues_.end()) return;
  found->second.more = true;
  settle(order_key, again_at);
}

void LaneSequences::leave_all(Timestamp now) {
  expect_in_store(now);
  hungry_.clear();
  for (auto it = queues_.begin(); it != queues_.end();) {
    Queue& queue = it->second;
    unlist(it->first, queue);
    forget_waiting(it->first, queue);
    queue.more = true;
    it = queue.out > 0 ? std::next(it) : queues_.erase(it);
  }
}

void LaneSequences::trim(std::size_t window, Timestamp now) {
  for (auto it = queues_.begin(); it != queues_.end() && in_memory_ > window;) {
    Queue& queue = it->second;
    if (queue.out > 0) {
      ++it;
      continue;
    }
    unlist(it->first, queue);
    forget_waiting(it->first, queue);
    hungry_.erase(it->first);
    leave(it->first, now);
    it = queues_.erase(it);
  }
}

std::optional<Timestamp> LaneSequences::next_wake() const {
  std::optional<Timestamp> wake;
  if (!waits_.empty()) make_earlier(wake, waits_.begin()->first);
  if (loading_) return wake;
  if (!hungry_.empty() || scanning_) make_earlier(wake, load_not_before_);
  if (store_next_) make_earlier(wake, std::max({*store_next_, scan_not_before_, load_not_before_}));
  return wake;
}

bool LaneSequences::has_ready(Timestamp now) const {
  return !ready_.empty() || (!waits_.empty() && waits_.begin()->first <= now);
}

bool LaneSequences::held(Timestamp now, EventKey below) const {
  if (!ready_.empty()) return ready_.begin()->first >= below;
  return has_ready(now);
}

std::optional<Timestamp> LaneSequences::oldest_ready() const {
  if (ready_.empty()) return std::nullopt;
  return queues_.at(ready_.begin()->second).waiting.front().due;
}

bool LaneSequences::has_room(std::size_t window) const {
  return in_memory_ < window && (in_memory_ == 0 || bytes_ < kLaneWindowBytesMax);
}

void LaneSequences::wake(Timestamp now) {
  while (!waits_.empty() && waits_.begin()->first <= now) {
    const std::int64_t order_key = waits_.begin()->second;
    settle(order_key, now);
  }
}

void LaneSequences::insert(Queue& queue, Work work) {
  known_.insert(work.id.key);
  ++in_memory_;
  bytes_ += work.event->payload.size();
  const auto place = std::upper_bound(queue.waiting.begin(), queue.waiting.end(), event_of(work),
                                      [](EventKey event, const Work& other) { return event < event_of(other); });
  queue.waiting.insert(place, std::move(work));
}

domain::PendingDelivery LaneSequences::take_front(Queue& queue) {
  Work work = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  bytes_ -= work.event->payload.size();
  --in_memory_;
  queue.last_out = event_of(work);
  ++queue.out;
  return work;
}

// Puts the sequence where it belongs after a change. It is gone when nothing of it is left here.
void LaneSequences::settle(std::int64_t order_key, Timestamp now) {
  const auto found = queues_.find(order_key);
  POSTHORN_CHECK(found != queues_.end());
  Queue& queue = found->second;
  unlist(order_key, queue);
  const bool reading_on = loading_ && refilling_ == order_key;
  if (queue.more && !reading_on && queue.waiting.size() <= queue.low) hungry_.insert(order_key);
  if (queue.out > 0) return;
  if (queue.waiting.empty()) {
    if (!queue.more && !reading_on) queues_.erase(found);
    return;
  }
  const Work& first = queue.waiting.front();
  if (first.due <= now) {
    queue.is_ready = true;
    ready_.emplace(event_of(first), order_key);
  } else {
    queue.is_waiting = true;
    queue.waits_until = first.due;
    waits_.emplace(first.due, order_key);
    hungry_.erase(order_key);
    keep_first(order_key, queue);
  }
}

void LaneSequences::unlist(std::int64_t order_key, Queue& queue) {
  if (std::exchange(queue.is_ready, false)) ready_.erase({event_of(queue.waiting.front()), order_key});
  if (std::exchange(queue.is_waiting, false)) waits_.erase({queue.waits_until, order_key});
}

void LaneSequences::forget_waiting(std::int64_t order_key, Queue& queue) {
  if (refilling_ == order_key) refill_void_ = true;
  for (const auto& work : queue.waiting) {
    known_.erase(work.id.key);
    bytes_ -= work.event->payload.size();
  }
  in_memory_ -= queue.waiting.size();
  queue.waiting.clear();
}

// What stands behind one that waits is the store's: however long it waits, others have the room.
void LaneSequences::keep_first(std::int64_t order_key, Queue& queue) {
  queue.low = 0;
  queue.page = kPerSequence;
  if (queue.waiting.size() <= kept_) return;
  if (refilling_ == order_key) refill_void_ = true;
  queue.more = true;
  while (queue.waiting.size() > kept_) {
    known_.erase(queue.waiting.back().id.key);
    bytes_ -= queue.waiting.back().event->payload.size();
    --in_memory_;
    queue.waiting.pop_back();
  }
}

void LaneSequences::leave(std::int64_t order_key, Timestamp at) {
  note_left(order_key);
  make_earlier(store_next_, at);
}

void LaneSequences::note_left(std::int64_t order_key) {
  if (left_.size() < kLaneSequencesLeftMax) {
    left_.insert(order_key);
  } else {
    complete_ = false;
  }
}

}  // namespace posthorn::outbound
