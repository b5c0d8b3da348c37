#include "outbound/lane.h"

#include <algorithm>

#include "base/check.h"

namespace posthorn::outbound {

void Lane::accept(Work work, Timestamp now) {
  if (known_.contains(work.id.key)) return;
  // Work that a page may have shown already (and that may even be over) is decided by the store, not by this message.
  const bool perhaps_seen = work.id.key <= paged_through_;
  if (paused_ || loading_ || work_in_store_is_due(now) || perhaps_seen || !ready_has_room()) {
    ++left_in_store_;
    left_while_loading_ |= loading_;
    expect_in_store(std::min(now, work.due));
    return;
  }
  if (work.due <= now) {
    keep_ready(std::move(work));
  } else {
    keep_waiting(std::move(work));
  }
}

void Lane::expect_in_store(Timestamp due) { store_next_ = store_next_ ? std::min(*store_next_, due) : due; }

void Lane::left_in_store(std::uint32_t count, Timestamp now) {
  left_in_store_ += count;
  left_while_loading_ |= loading_;
  expect_in_store(now);
}

std::optional<Work> Lane::take(Timestamp now) {
  wake_waiting(now);
  if (ready_.empty() || !may_attempt(now)) return std::nullopt;
  Work work = std::move(ready_.front());
  ready_.pop_front();
  bytes_ -= work.event->payload.size();
  if (in_flight_++ == 0) last_progress_ = now;
  return work;
}

void Lane::answered(const domain::AttemptOutcome& outcome, Timestamp now) {
  POSTHORN_CHECK(in_flight_ > 0);
  --in_flight_;
  last_progress_ = now;
  if (domain::is_unreachable(outcome.failure)) {
    ++unreachable_in_row_;
    limit_ = std::max<std::size_t>(1, limit_ / 2);
    if (sick() && now >= breaker_until_) {
      breaker_until_ = now + breaker_pause_;
      breaker_pause_ = std::min<Milliseconds>(breaker_pause_ * 2, kBreakerPauseMax);
      trim_ready();
    }
    return;
  }
  unreachable_in_row_ = 0;
  breaker_pause_ = kBreakerPauseFirst;
  breaker_until_ = {};
  if (outcome.succeeded()) limit_ = std::min(limit_ + 1, kLaneConcurrencyMax);
}

void Lane::finished(DeliveryKey delivery) { forget(delivery); }

void Lane::retry_later(Work work, Timestamp due) {
  if (paused_) {
    expect_in_store(due);
    forget(work.id.key);
    return;
  }
  work.due = due;
  keep_waiting(std::move(work));
}

void Lane::abandoned(DeliveryKey delivery) {
  POSTHORN_CHECK(in_flight_ > 0);
  --in_flight_;
  forget(delivery);
}

void Lane::cancelled(DeliveryKey delivery) {
  if (!known_.contains(delivery)) return;
  const auto is_it = [delivery](const Work& work) { return work.id.key == delivery; };
  if (const auto found = std::find_if(ready_.begin(), ready_.end(), is_it); found != ready_.end()) {
    bytes_ -= found->event->payload.size();
    ready_.erase(found);
    forget(delivery);
    return;
  }
  const auto waits = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& entry) { return is_it(entry.second); });
  if (waits != waiting_.end()) {
    waiting_.erase(waits);
    forget(delivery);
  }
}

void Lane::expunged(EventKey event) {
  std::vector<DeliveryKey> found;
  for (const auto& work : ready_) {
    if (work.event->id.key == event) found.push_back(work.id.key);
  }
  for (const auto& [due, work] : waiting_) {
    if (work.event->id.key == event) found.push_back(work.id.key);
  }
  for (const DeliveryKey delivery : found) cancelled(delivery);
}

void Lane::load_failed(Timestamp again_at) {
  loading_ = false;
  expect_in_store(again_at);
}

bool Lane::wants_load(Timestamp now) const {
  if (paused_ || loading_ || !work_in_store_is_due(now)) return false;
  return sick() ? ready_.empty() && now >= breaker_until_ : ready_.size() <= kLaneReloadAt;
}

std::uint32_t Lane::begin_load() {
  POSTHORN_CHECK(!loading_);
  loading_ = true;
  left_while_loading_ = false;
  finished_while_loading_.clear();
  store_next_.reset();
  // What is known stands among the first pending ones of the store: read past it.
  const std::size_t room = std::min(ready_max() - std::min(ready_.size(), ready_max()), kLanePageMax);
  return static_cast<std::uint32_t>(room + known_.size() + 1);
}

void Lane::loaded(std::vector<Work> page, bool more, Timestamp now) {
  POSTHORN_CHECK(loading_);
  loading_ = false;
  const std::size_t in_memory_before = in_memory();
  const Timestamp page_end = page.empty() ? now : page.back().due;
  for (auto& work : page) {
    paged_through_ = std::max(paged_through_, work.id.key);
    if (known_.contains(work.id.key) || finished_while_loading_.contains(work.id.key)) continue;
    const bool due_now = work.due <= now;
    if (due_now ? !ready_has_room() : waiting_.size() >= kLaneWaitingMax) {
      expect_in_store(work.due);
      continue;
    }
    if (due_now) {
      keep_ready(std::move(work));
    } else {
      keep_waiting(std::move(work));
    }
  }
  const std::size_t taken = in_memory() - std::min(in_memory_before, in_memory());
  left_in_store_ -= std::min(left_in_store_, taken);
  // A page of nothing but known deliveries: look again when some of them have gone.
  if (more && !page.empty()) expect_in_store(taken > 0 ? page_end : std::max(page_end, now + kLaneReloadPause));
  if (left_while_loading_) expect_in_store(now);
  if (!work_in_store_is_due(now)) left_in_store_ = 0;
  finished_while_loading_.clear();
}

void Lane::pause() {
  paused_ = true;
  for (const auto& work : ready_) {
    known_.erase(work.id.key);
    expect_in_store(work.due);
  }
  for (const auto& [due, work] : waiting_) {
    known_.erase(work.id.key);
    expect_in_store(due);
  }
  ready_.clear();
  waiting_.clear();
  bytes_ = 0;
}

std::optional<Timestamp> Lane::next_wake(Timestamp now) const {
  if (paused_) return std::nullopt;
  std::optional<Timestamp> wake;
  const auto consider = [&](Timestamp at) {
    if (sick()) at = std::max(at, breaker_until_);
    if (at > now) wake = wake ? std::min(*wake, at) : at;
  };
  if (!ready_.empty()) consider(now);
  if (!waiting_.empty()) consider(waiting_.begin()->first);
  if (store_next_ && !loading_) consider(*store_next_);
  return wake;
}

std::ptrdiff_t Lane::runnable(Timestamp now) const {
  const bool stalled = in_flight_ > 0 && now - last_progress_ > kLaneStallTime;
  if (paused_ || unreachable_in_row_ > 0 || stalled) return 0;
  return static_cast<std::ptrdiff_t>(ready_.size() + left_in_store_);
}

bool Lane::ready_has_room() const { return ready_.size() < ready_max() && (ready_.empty() || bytes_ < kLaneWindowBytesMax); }

bool Lane::may_attempt(Timestamp now) const {
  if (paused_ || in_flight_ >= limit_) return false;
  // With the breaker open, one probe at a time, and only after the pause.
  return !sick() || (in_flight_ == 0 && now >= breaker_until_);
}

void Lane::keep_ready(Work work) {
  known_.insert(work.id.key);
  bytes_ += work.event->payload.size();
  ready_.push_back(std::move(work));
}

void Lane::keep_waiting(Work work) {
  known_.insert(work.id.key);
  const Timestamp due = work.due;
  waiting_.emplace(due, std::move(work));
  if (waiting_.size() <= kLaneWaitingMax) return;
  const auto latest = std::prev(waiting_.end());
  expect_in_store(latest->first);
  const DeliveryKey key = latest->second.id.key;
  waiting_.erase(latest);
  forget(key);
}

void Lane::wake_waiting(Timestamp now) {
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    Work work = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    bytes_ += work.event->payload.size();
    ready_.push_back(std::move(work));
  }
}

void Lane::trim_ready() {
  while (ready_.size() > ready_max()) {
    Work& last = ready_.back();
    bytes_ -= last.event->payload.size();
    expect_in_store(last.due);
    ++left_in_store_;
    known_.erase(last.id.key);
    ready_.pop_back();
  }
  left_while_loading_ |= loading_;
}

void Lane::forget(DeliveryKey delivery) {
  known_.erase(delivery);
  if (loading_) finished_while_loading_.insert(delivery);
}

}  // namespace posthorn::outbound
