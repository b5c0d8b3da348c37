// FairQueue: whose call a free helper takes next.
//
// Callers are strands (one program's calls, say) of owners (tenants). Helper time is shared evenly between the owners that have
// work, and evenly between an owner's strands: who has used least goes first. A strand counts as slow until its runs have shown
// that they are quick (kScriptSlow), and again when they take long or break their helper; slow strands together never have more
// than half of the helpers, so that a quick script finds one free however many slow ones there are.
// Within a strand calls keep their order.
// Limits: kScriptQueueMax, kScriptQueueOfOwnerMax.
// Concurrency: none; Pool guards it.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <deque>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/limits.h"

namespace posthorn::script {

struct Caller {
  std::uint64_t owner = 0;
  std::uint64_t strand = 0;
  friend auto operator<=>(const Caller&, const Caller&) = default;
};

enum class Pace : std::uint8_t { quick, slow };

template <class Item>
class FairQueue {
 public:
  using Duration = std::chrono::nanoseconds;

  explicit FairQueue(std::size_t helpers) : slow_max_(helpers > 1 ? helpers / 2 : 1) {}

  // False: the queue is full, or the owner's part of it.
  bool has_room(const Caller& caller) const {
    const auto owner = owners_.find(caller.owner);
    return waiting_ < kScriptQueueMax && (owner == owners_.end() || owner->second.waiting < kScriptQueueOfOwnerMax);
  }

  // has_room() was asked.
  void add(const Caller& caller, Item item) {
    Strand& strand = strands_[caller];
    if (!strand.active()) activate(caller, strand);
    strand.waiting.push_back(std::move(item));
    ++waiting_;
    ++owners_[caller.owner].waiting;
    if (strand.waiting.size() == 1) order_of(strand).emplace(strand.used, caller);
  }

  bool can_take() const { return best() != nullptr; }

  struct Taken {
    Caller caller;
    Item item;
    Pace pace;  // give it back to finished()
  };

  // The next call to run, when one may run now. It counts as running until finished().
  std::optional<Taken> take() {
    Order* order = best();
    if (order == nullptr) return std::nullopt;
    const Caller caller = order->begin()->second;
    Strand& strand = strands_.find(caller)->second;
    now_ = std::max(now_, strand.used);
    order->erase(order->begin());
    Taken taken{caller, std::move(strand.waiting.front()), strand.pace};
    strand.waiting.pop_front();
    if (!strand.waiting.empty()) order->emplace(strand.used, caller);
    ++strand.running;
    if (taken.pace == Pace::slow) ++slow_running_;
    --waiting_;
    --owners_[caller.owner].waiting;
    return taken;
  }

  // `took`: the helper's time, replacing a broken one included; `run`: of the script alone. `broke`: it cost its helper.
  void finished(const Caller& caller, Pace pace, Duration took, Duration run, bool broke) {
    const auto found = strands_.find(caller);
    POSTHORN_CHECK(found != strands_.end() && found->second.running > 0);
    Strand& strand = found->second;
    if (pace == Pace::slow) --slow_running_;
    --strand.running;
    if (!strand.waiting.empty()) order_of(strand).erase({strand.used, caller});
    strand.used += took * static_cast<std::int64_t>(owners_[caller.owner].active);
    // The latest runs weigh most; one that was slow is believed to be quick again only after some quick runs.
    if (broke) run = std::max<Duration>(run, 4 * kScriptSlow);
    strand.typical = strand.typical && !broke ? (3 * *strand.typical + run) / 4 : run;
    strand.pace = *strand.typical >= Duration(kScriptSlow) ? Pace::slow : Pace::quick;
    if (!strand.waiting.empty()) order_of(strand).emplace(strand.used, caller);
    if (!strand.active()) deactivate(caller, strand);
  }

  // A call that was taken and not run: nothing is known from it.
  void returned(const Caller& caller, Pace pace) {
    Strand& strand = strands_.find(caller)->second;
    if (pace == Pace::slow) --slow_running_;
    --strand.running;
    if (!strand.active()) deactivate(caller, strand);
  }

  // Takes everything that waits out of the queue.
  template <class Use>
  void drain(Use use) {
    for (auto& [caller, strand] : strands_) {
      if (strand.waiting.empty()) continue;
      order_of(strand).erase({strand.used, caller});
      for (auto& item : strand.waiting) use(std::move(item));
      waiting_ -= strand.waiting.size();
      owners_[caller.owner].waiting -= strand.waiting.size();
      strand.waiting.clear();
      if (!strand.active()) leave(caller.owner);
    }
    for (const auto& caller : idle_) strands_.erase(caller);
    idle_.clear();
    std::erase_if(strands_, [](const auto& one) { return !one.second.active(); });
  }

  std::size_t waiting() const { return waiting_; }
  std::size_t strands() const { return strands_.size(); }

 private:
  using Order = std::set<std::pair<Duration, Caller>>;

  struct Strand {
    std::deque<Item> waiting;
    std::size_t running = 0;
    Duration used{0};
    std::optional<Duration> typical;
    Pace pace = Pace::slow;
    std::optional<std::list<Caller>::iterator> idle;
    bool active() const { return running > 0 || !waiting.empty(); }
  };
  struct Owner {
    std::size_t waiting = 0;
    std::size_t active = 0;  // strands
  };

  Order& order_of(const Strand& strand) { return strand.pace == Pace::slow ? slow_ : quick_; }

  Order* best() const {
    const bool slow = !slow_.empty() && slow_running_ < slow_max_;
    if (slow && (quick_.empty() || *slow_.begin() < *quick_.begin())) return &slow_;
    return quick_.empty() ? nullptr : &quick_;
  }

  // Who comes back has no credit for the time away.
  void activate(const Caller& caller, Strand& strand) {
    if (strand.idle) idle_.erase(*std::exchange(strand.idle, std::nullopt));
    strand.used = std::max(strand.used, now_);
    ++owners_[caller.owner].active;
  }

  // Only that a strand is quick is worth remembering, and not of any number of them.
  void deactivate(const Caller& caller, Strand& strand) {
    leave(caller.owner);
    if (strand.pace == Pace::slow) {
      strands_.erase(caller);
      return;
    }
    idle_.push_back(caller);
    strand.idle = std::prev(idle_.end());
    if (idle_.size() <= kScriptStrandsRemembered) return;
    strands_.erase(idle_.front());
    idle_.pop_front();
  }

  void leave(std::uint64_t owner) {
    const auto found = owners_.find(owner);
    if (--found->second.active == 0) owners_.erase(found);
  }

  std::map<Caller, Strand> strands_;
  std::map<std::uint64_t, Owner> owners_;
  mutable Order quick_;  // strands that wait, by time used
  mutable Order slow_;
  std::size_t slow_max_;
  std::size_t slow_running_ = 0;
  std::list<Caller> idle_;  // quick strands without work, the longest idle first
  std::size_t waiting_ = 0;
  Duration now_{0};  // what the strand that went last had used
};

}  // namespace posthorn::script
