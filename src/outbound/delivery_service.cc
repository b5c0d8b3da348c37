#include "outbound/delivery_service.h"

namespace posthorn::outbound {

DeliveryService::DeliveryService(store::Session& session, const Clock& clock, ResendSink resend_sink, CancelSink cancel_sink)
    : session_(session), clock_(clock), resend_sink_(std::move(resend_sink)), cancel_sink_(std::move(cancel_sink)) {}

net::Task<Status> DeliveryService::resend(TenantKey tenant, DeliveryId delivery) {
  auto pending = co_await net::until<Result<domain::PendingDelivery>>(
      [&](auto done) { session_.resend_delivery({tenant, delivery, clock_.schedule_now()}, std::move(done)); });
  if (!pending) co_return std::move(pending).error();
  resend_sink_(std::move(*pending));
  co_return Status{};
}

net::Task<Status> DeliveryService::cancel(TenantKey tenant, DeliveryId delivery) {
  auto found = co_await net::until<Result<domain::Delivery>>(
      [&](auto done) { session_.find_delivery({tenant, delivery}, std::move(done)); });
  if (!found) co_return std::move(found).error();
  auto cancelled = co_await net::until<Status>(
      [&](auto done) { session_.cancel_delivery({tenant, delivery, clock_.schedule_now()}, std::move(done)); });
  if (cancelled) cancel_sink_(found->subscription.key, delivery.key);
  co_return cancelled;
}

}  // namespace posthorn::outbound
