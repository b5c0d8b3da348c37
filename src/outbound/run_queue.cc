#include "outbound/run_queue.h"

namespace posthorn::outbound {

void RunQueue::push(SubscriptionKey lane, domain::Priority priority) {
  if (waiting_.insert(lane).second) queues_[static_cast<std::size_t>(priority)].push_back(lane);
}

// Each priority that waits earns its weight a turn; the richest goes and pays for all.
std::optional<SubscriptionKey> RunQueue::pop() {
  int total = 0;
  std::optional<std::size_t> next;
  for (std::size_t i = queues_.size(); i-- > 0;) {
    if (queues_[i].empty()) {
      credit_[i] = 0;
      continue;
    }
    credit_[i] += kWeights[i];
    total += kWeights[i];
    if (!next || credit_[i] > credit_[*next]) next = i;
  }
  if (!next) return std::nullopt;
  credit_[*next] -= total;
  const SubscriptionKey lane = queues_[*next].front();
  queues_[*next].pop_front();
  waiting_.erase(lane);
  return lane;
}

}  // namespace posthorn::outbound
