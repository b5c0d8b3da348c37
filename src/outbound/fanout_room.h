// FanoutRoom: how much memory unfinished fan-outs take, over all loops; publishers are refused what passes kFanoutBytesMax.
//
// Concurrency: thread-safe; a Place may outlive the room.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "domain/outbound/event.h"
#include "store/accept_operations.h"

namespace posthorn::outbound {

class FanoutRoom {
 public:
  // Taken until the last holder lets it go.
  using Place = std::shared_ptr<const void>;

  // Null: there is not so much left.
  Place take(std::size_t bytes) {
    Place place = take_anyway(bytes);
    return taken() > kFanoutBytesMax ? nullptr : place;
  }
  // For what is durable already.
  Place take_anyway(std::size_t bytes) {
    taken_->fetch_add(bytes, std::memory_order_relaxed);
    return Place(taken_.get(), [taken = taken_, bytes](const void*) { taken->fetch_sub(bytes, std::memory_order_relaxed); });
  }
  std::size_t taken() const { return taken_->load(std::memory_order_relaxed); }

 private:
  const std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

// What an event takes whose fan-out is unfinished, without the subscriptions.
inline std::size_t fanout_bytes(const domain::Event& event) {
  constexpr std::size_t kFixed = 1024;
  return kFixed + event.payload.size();
}
inline std::size_t fanout_bytes(const std::vector<SubscriptionKey>& rest) { return rest.size() * sizeof(SubscriptionKey); }

// The same set, which keeps its place as long as somebody has it.
inline store::SubscriptionSet keep_place(store::SubscriptionSet rest, FanoutRoom::Place place) {
  const auto* keys = rest.get();
  const auto both = std::make_shared<std::pair<store::SubscriptionSet, FanoutRoom::Place>>(std::move(rest), std::move(place));
  return {both, keys};
}

}  // namespace posthorn::outbound
