// What the lanes take over after an event was committed.
#pragma once

#include <functional>
#include <vector>

#include "domain/outbound/event.h"
#include "outbound/fanout_room.h"
#include "outbound/order_horizon.h"
#include "store/operations.h"

namespace posthorn::outbound {

struct AcceptedWork {
  domain::EventPtr event;
  std::vector<store::NewDelivery> deliveries;
  store::SubscriptionSet rest = nullptr;       // matched, but not yet written: Fanout's
  OrderHorizon::PassagePtr passage = nullptr;  // held until all of it is with its lanes; null: nothing of it is ordered
  FanoutRoom::Place place = nullptr;           // of `rest`
};
using WorkSink = std::function<void(AcceptedWork)>;

}  // namespace posthorn::outbound
