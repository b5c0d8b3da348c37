// What the lanes of all out-loops share: thread-safe parts.
#pragma once

#include "base/limits.h"
#include "outbound/fanout_room.h"
#include "outbound/order_horizon.h"
#include "outbound/runnable_gate.h"
#include "outbound/tenant_pace.h"

namespace posthorn::outbound {

struct LaneShared {
  RunnableGate gate;
  OrderHorizon horizon;
  FanoutRoom fanout_room;
  TenantPaces paces;
  Milliseconds disable_after{kDisableAfterDefault};  // for subscriptions that do not say
};

}  // namespace posthorn::outbound
