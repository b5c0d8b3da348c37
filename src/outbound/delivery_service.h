// DeliveryService: what people do to deliveries by hand: resend and cancel. One per in-loop.
#pragma once

#include <functional>

#include "base/clock.h"
#include "net/task.h"
#include "store/store.h"

namespace posthorn::outbound {

class DeliveryService {
 public:
  // `resend_sink`: hands a delivery that became pending to its lane. `forget`: takes a cancelled one out of its lane.
  using ResendSink = std::function<void(domain::PendingDelivery)>;
  using CancelSink = std::function<void(SubscriptionKey, DeliveryKey)>;
  DeliveryService(store::Session& session, const Clock& clock, ResendSink resend_sink, CancelSink cancel_sink);

  // Errors: not_found; conflict ("pending already", "payload expunged", "not pending"); unavailable.
  net::Task<Status> resend(TenantKey tenant, DeliveryId delivery);
  net::Task<Status> cancel(TenantKey tenant, DeliveryId delivery);

 private:
  store::Session& session_;
  const Clock& clock_;
  ResendSink resend_sink_;
  CancelSink cancel_sink_;
};

}  // namespace posthorn::outbound
