#include "outbound/lane.h"

#include <algorithm>

#include "base/check.h"

namespace posthorn::outbound {
namespace {

// An endpoint that was asked no oftener than this is led back to full speed when it answers well.
constexpr Milliseconds kSlowEnoughForRamp = 1s;

// Of a batch that waits for its retry, so many deliveries stay in memory.
constexpr std::size_t kKeptOfBatchMax = 64;

}  // namespace

LaneRules rules_of(const domain::SubscriptionSettings& settings) {
  LaneRules rules;
  if (settings.concurrency > 0) rules.concurrency_max = settings.concurrency;
  if (settings.rate_limit) rules.rate.emplace(*settings.rate_limit);
  rules.batching = settings.batching;
  return rules;
}

void Lane::set_rules(LaneRules rules) {
  rules_ = rules;
  sequences_.set_kept(rules.batching ? std::clamp<std::size_t>(rules.batching->events_max, 1, kKeptOfBatchMax) : 1);
}

void Lane::accept(Work work, Timestamp now) {
  if (work.order_key) {
    if (paused_) return sequences_.expect_in_store(now);
    return sequences_.accept(std::move(work), now, ready_max());
  }
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

std::optional<Work> Lane::take(Timestamp now, EventKey below) {
  wake_waiting(now);
  if (!may_attempt(now)) return std::nullopt;
  if (const auto at = batch_at(); at && *at > now) return std::nullopt;
  std::optional<Work> work;
  if (ordered_turn_ || ready_.empty()) work = sequences_.take(now, below);
  if (!work) work = take_free();
  if (!work) work = sequences_.take(now, below);
  if (!work) return std::nullopt;
  ordered_turn_ = !work->order_key;
  if (in_flight_++ == 0) last_progress_ = now;
  if (rules_.rate) bucket_ = rules_.rate->after_take(bucket_, now);
  if (ramp_) ramp_->started(now);
  pace_ = domain::after_start(pace_, now);
  return work;
}

std::optional<Work> Lane::take_free() {
  if (ready_.empty()) return std::nullopt;
  Work work = std::move(ready_.front());
  ready_.pop_front();
  bytes_ -= work.event->payload.size();
  return work;
}

std::vector<Work> Lane::take_rest(const Work& first, Timestamp now, EventKey below) {
  std::vector<Work> rest;
  if (!rules_.batching) return rest;
  std::size_t bytes = first.event->payload.size();
  std::optional<std::int64_t> order_key = first.order_key;
  while (rest.size() + 1 < rules_.batching->events_max && bytes < rules_.batching->bytes_max) {
    std::optional<Work> work;
    if (order_key) {
      work = sequences_.take_more(*order_key, now, below);
      if (!work) work = sequences_.take(now, below);
      if (work) order_key = work->order_key;
    } else {
      work = take_free();
    }
    if (!work) break;
    bytes += work->event->payload.size();
    rest.push_back(std::move(*work));
  }
  return rest;
}

// When enough has gathered, or has waited long enough, for a request; nothing without batching.
std::optional<Timestamp> Lane::batch_at() const {
  if (!rules_.batching) return std::nullopt;
  const auto& batching = *rules_.batching;
  if (ready_.size() >= batching.events_max || bytes_ >= batching.bytes_max) return Timestamp{};
  if (sequences_.ready_deliveries() >= batching.events_max) return Timestamp{};
  std::optional<Timestamp> oldest = sequences_.oldest_ready();
  if (!ready_.empty()) oldest = oldest ? std::min(*oldest, ready_.front().due) : ready_.front().due;
  if (!oldest) return Timestamp{};
  return *oldest + batching.wait_max;
}

void Lane::answered(const domain::AttemptOutcome& outcome, Timestamp started, Timestamp now) {
  slot_freed();
  last_progress_ = now;
  if (!domain::concerns_endpoint(outcome.failure)) return;
  const bool was_sick = sick();
  const auto pace_before = pace_;
  pace_ = domain::after_answer(pace_, outcome, started, now);
  if (domain::is_unreachable(outcome.failure)) {
    ++unreachable_in_row_;
    limit_ = std::max<std::size_t>(1, limit_ / 2);
    if (sick() && now >= breaker_until_) {
      breaker_until_ = now + breaker_pause_;
      breaker_pause_ = std::min<Milliseconds>(breaker_pause_ * 2, kBreakerPauseMax);
      ramp_.reset();
      trim_ready(now);
    }
    return;
  }
  // Well again after long pauses: the rest of the way is the ramp's.
  const bool was_slow = pace_before.interval >= kSlowEnoughForRamp;
  if (outcome.succeeded() && was_slow) pace_ = {};
  unreachable_in_row_ = 0;
  breaker_pause_ = kBreakerPauseFirst;
  breaker_until_ = {};
  if (was_sick || (outcome.succeeded() && was_slow)) ramp_.emplace(now);
  if (ramp_ && ramp_->over(now)) ramp_.reset();
  if (outcome.succeeded()) limit_ = std::min(limit_ + 1, rules_.concurrency_max);
}

void Lane::slot_freed() {
  POSTHORN_CHECK(in_flight_ > 0);
  --in_flight_;
}

void Lane::not_sent(Timestamp until) {
  slot_freed();
  pace_.not_before = std::max(pace_.not_before, until);
  expect_in_store(until);
}

void Lane::finished(const Work& work, Timestamp now) {
  if (work.order_key) return sequences_.finished(work, now);
  forget(work.id.key);
}

void Lane::retry_later(Work work, Timestamp due, Timestamp now) {
  if (work.order_key) {
    if (paused_) return sequences_.abandoned(work, now);
    return sequences_.retry_later(std::move(work), due, now);
  }
  if (paused_) {
    expect_in_store(due);
    forget(work.id.key);
    return;
  }
  work.due = due;
  keep_waiting(std::move(work));
}

void Lane::abandoned(const Work& work, Timestamp now) {
  if (work.order_key) return sequences_.abandoned(work, now);
  forget(work.id.key);
}

void Lane::cancelled(DeliveryKey delivery, Timestamp now) {
  sequences_.cancelled(delivery, now);
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

bool Lane::wants_ordered_load(Timestamp now) const {
  if (paused_ || (sick() && (sequences_.has_ready(now) || now < breaker_until_))) return false;
  return sequences_.wants_load(now, ready_max());
}

store::LoadOrdered Lane::begin_ordered_load(Timestamp now) {
  auto query = sequences_.begin_load(now, ready_max());
  query.subscription = subscription_;
  return query;
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

void Lane::pause(Timestamp now) {
  if (std::exchange(paused_, true)) return;
  sequences_.leave_all(now);
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
    if (at > now) wake = wake ? std::min(*wake, at) : at;
  };
  const Timestamp start = earliest_start(now);
  const Timestamp read = sick() ? std::max(now, breaker_until_) : now;
  if (has_ready(now)) consider(std::max(start, batch_at().value_or(now)));
  if (!waiting_.empty()) consider(std::max(start, waiting_.begin()->first));
  if (store_next_ && !loading_) consider(std::max(read, *store_next_));
  if (const auto at = sequences_.next_wake()) consider(std::max(read, *at));
  return wake;
}

bool Lane::may_take(Timestamp now) const {
  if (!has_ready(now) || !may_attempt(now)) return false;
  const auto at = batch_at();
  return !at || *at <= now;
}

bool Lane::has_ready(Timestamp now) const {
  return !ready_.empty() || (!waiting_.empty() && waiting_.begin()->first <= now) || sequences_.has_ready(now);
}

std::ptrdiff_t Lane::runnable(Timestamp now) const {
  const bool stalled = in_flight_ > 0 && now - last_progress_ > kLaneStallTime;
  const bool full = in_flight_ >= rules_.concurrency_max && rules_.concurrency_max != kLaneConcurrencyMax;
  if (paused_ || unreachable_in_row_ > 0 || stalled || full || earliest_start(now) > now) return 0;
  return static_cast<std::ptrdiff_t>(ready_.size() + left_in_store_ + sequences_.ready());
}

bool Lane::ready_has_room() const { return ready_.size() < ready_max() && (ready_.empty() || bytes_ < kLaneWindowBytesMax); }

bool Lane::may_be_forgotten(Timestamp now) const {
  return empty() && domain::TokenBucket::is_full(bucket_, now) && !domain::is_slow(pace_) && domain::next_start(pace_) <= now;
}

bool Lane::has_slot() const {
  if (paused_) return false;
  // With the breaker open, one probe at a time; a slow endpoint is asked one by one.
  if (sick() || domain::is_slow(pace_)) return in_flight_ == 0;
  return in_flight_ < std::min(limit_, rules_.concurrency_max);
}

// The earliest time at which breaker, pace, ramp and rate limit let a request start.
Timestamp Lane::earliest_start(Timestamp now) const {
  Timestamp at = std::max(now, domain::next_start(pace_));
  if (sick()) at = std::max(at, breaker_until_);
  if (ramp_ && !ramp_->over(now)) at = std::max(at, ramp_->next(now));
  if (rules_.rate) at = std::max(at, rules_.rate->next(bucket_, now));
  return at;
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

void Lane::trim_ready(Timestamp now) {
  sequences_.trim(ready_max(), now);
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
