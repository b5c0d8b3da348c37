// RunQueue: lanes that wait for a turn, by priority: of 13 turns high gets 8, normal 4 and low 1, as far as each has lanes that
// wait; nobody starves. Within a priority in the order of arrival. Plain state; belongs to one loop.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <unordered_set>

#include "base/ids.h"
#include "domain/outbound/subscription.h"

namespace posthorn::outbound {

class RunQueue {
 public:
  // A lane that waits already keeps its place.
  void push(SubscriptionKey lane, domain::Priority priority);
  std::optional<SubscriptionKey> pop();
  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

 private:
  static constexpr std::array<int, 3> kWeights{1, 4, 8};  // as domain::Priority

  std::array<std::deque<SubscriptionKey>, 3> queues_;
  std::array<int, 3> credit_{};  // smooth weighted round-robin
  std::unordered_set<SubscriptionKey> waiting_;
};

}  // namespace posthorn::outbound
