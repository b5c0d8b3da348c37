#include "outbound/handover.h"

#include <utility>

namespace posthorn::outbound {

Handover::Handover(EventLoop& loop, std::vector<LaneTarget> targets, std::function<void(SubscriptionKey)> polled)
    : loop_(loop), targets_(std::move(targets)), polled_(std::move(polled)), waiting_(targets_.size()) {}

void Handover::add(Work work, OrderHorizon::PassagePtr passage) {
  if (work.due >= domain::kNeverDue) return polled_(work.subscription);
  Waiting& waiting = waiting_[target_of(work.subscription, targets_.size())];
  waiting.work.push_back(std::move(work));
  if (passage && (waiting.passages.empty() || waiting.passages.back() != passage))
    waiting.passages.push_back(std::move(passage));
  if (!std::exchange(flush_posted_, true)) loop_.post([this] { flush(); });
}

void Handover::add(const AcceptedWork& accepted) {
  for (const auto& delivery : accepted.deliveries) {
    const Timestamp due = delivery.kind == domain::Kind::poll ? domain::kNeverDue : accepted.event->accepted_at;
    add(Work{delivery.id, delivery.subscription.key, accepted.event, 0, 0, due, delivery.order_key}, accepted.passage);
  }
}

void Handover::flush() {
  flush_posted_ = false;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (waiting_[i].work.empty()) continue;
    targets_[i].loop->post([&target = targets_[i], waiting = std::exchange(waiting_[i], {})]() mutable {
      target.accept(std::move(waiting.work));
      waiting.passages.clear();
    });
  }
}

}  // namespace posthorn::outbound
