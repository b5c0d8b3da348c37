// Handover: takes accepted work from one in-loop to the lanes of every out-loop, one message per target and loop iteration.
//
// Concurrency: belongs to the in-loop; targets receive on their own loops.
#pragma once

#include <functional>
#include <vector>

#include "base/event_loop.h"
#include "outbound/accepted_work.h"
#include "outbound/lane.h"

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

  // `passage`: let go once the work is with its lane.
  void add(Work work, OrderHorizon::PassagePtr passage = nullptr);
  void add(const AcceptedWork& accepted);

 private:
  void flush();

  EventLoop& loop_;
  std::vector<LaneTarget> targets_;
  const std::function<void(SubscriptionKey)> polled_;
  struct Waiting {
    std::vector<Work> work;
    std::vector<OrderHorizon::PassagePtr> passages;
  };
  std::vector<Waiting> waiting_;  // by target
  bool flush_posted_ = false;
};

}  // namespace posthorn::outbound
