// Handover: takes accepted work from one in-loop to the lanes of every out-loop, one message per target and loop iteration.
//
// Concurrency: belongs to the in-loop; targets receive on their own loops.
#pragma once

#include <functional>
#include <vector>

#include "base/event_loop.h"
#include "outbound/lane.h"
#include "outbound/publisher.h"

namespace posthorn::outbound {

// One out-loop: where its lanes take work.
struct LaneTarget {
  EventLoop* loop;
  std::function<void(std::vector<Work>)> accept;  // called on `loop`
};

// Which target a subscription's lane belongs to.
inline std::size_t target_of(SubscriptionKey subscription, std::size_t targets) {
  return domain::shard_of(subscription) % targets;
}

class Handover {
 public:
  // `polled`: told of subscriptions that have something to be read; no lane gets that. Called on this loop.
  Handover(EventLoop& loop, std::vector<LaneTarget> targets, std::function<void(SubscriptionKey)> polled);

  void add(Work work);
  void add(const AcceptedWork& accepted);

 private:
  void flush();

  EventLoop& loop_;
  std::vector<LaneTarget> targets_;
  const std::function<void(SubscriptionKey)> polled_;
  std::vector<std::vector<Work>> waiting_;
  bool flush_posted_ = false;
};

}  // namespace posthorn::outbound
