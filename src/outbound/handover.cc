#include "outbound/handover.h"

#include <utility>

namespace posthorn::outbound {

Handover::Handover(EventLoop& loop, std::vector<LaneTarget> targets, std::function<void(SubscriptionKey)> polled)
    : loop_(loop), targets_(std::move(targets)), polled_(std::move(polled)), waiting_(targets_.size()) {}

void Handover::add(Work work) {
  if (work.due >= domain::kNeverDue) return polled_(work.subscription);
  waiting_[target_of(work.subscription, targets_.size())].push_back(std::move(work));
  if (!std::exchange(flush_posted_, true)) loop_.post([this] { flush(); });
}

void Handover::add(const AcceptedWork& accepted) {
  for (const auto& delivery : accepted.deliveries) {
    if (delivery.kind == domain::Kind::poll) {
      polled_(delivery.subscription.key);
      continue;
    }
    add(Work{delivery.id, delivery.subscription.key, accepted.event, 0, 0, accepted.event->accepted_at});
  }
}

void Handover::flush() {
  flush_posted_ = false;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (waiting_[i].empty()) continue;
    targets_[i].loop->post(
        [&target = targets_[i], work = std::exchange(waiting_[i], {})]() mutable { target.accept(std::move(work)); });
  }
}

}  // namespace posthorn::outbound
