// OrderHorizon: which events are still on their way to the lanes, so that ordered work never overtakes an older event.
//
// An event's key is given before it is written, and its deliveries reach their lanes after that: over other loops, or by a
// fan-out that takes its time. A lane whose order matters attempts nothing of an event while an older one of the same tenant is
// on the way. Publisher enters events that match an ordered subscription, Fanout those that it takes up at the start; an event
// leaves when the last holder of its Passage lets it go: it was refused, or all its deliveries are with their lanes.
// Concurrency: thread-safe. Without ordered work on the way below() is one atomic read.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/event_loop.h"
#include "base/ids.h"

namespace posthorn::outbound {

class OrderHorizon {
 public:
  class Passage {
   public:
    Passage(OrderHorizon& horizon, TenantKey tenant, EventKey event) : horizon_(horizon), tenant_(tenant), event_(event) {}
    Passage(const Passage&) = delete;
    Passage& operator=(const Passage&) = delete;
    ~Passage() { horizon_.leave(tenant_, event_); }
    EventKey event() const { return event_; }

   private:
    OrderHorizon& horizon_;
    const TenantKey tenant_;
    const EventKey event_;
  };
  using PassagePtr = std::shared_ptr<const Passage>;

  // A new event: its key is made in the same step, so that none with a smaller one can enter later.
  PassagePtr enter(TenantKey tenant, IdSource& ids);
  PassagePtr enter(TenantKey tenant, EventKey event);
  // Until it is let go, nothing ordered of any tenant is attempted (the start: unfinished fan-outs are not known yet).
  PassagePtr hold_all();

  // Ordered work of events below this key has everything older with it.
  EventKey below(TenantKey tenant) const;

  // Calls `moved` on `loop` when some event has left, once.
  void when_moved(EventLoop& loop, UniqueFunction<void()> moved);

 private:
  struct Waiter {
    EventLoop* loop;
    UniqueFunction<void()> moved;
  };

  void leave(TenantKey tenant, EventKey event);

  std::atomic<std::size_t> on_the_way_{0};
  mutable std::mutex mutex_;
  std::unordered_map<TenantKey, std::multiset<EventKey>> events_;  // of tenant 0: holds on all
  std::vector<Waiter> waiters_;
};

}  // namespace posthorn::outbound
