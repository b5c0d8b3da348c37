#include "outbound/new_deliveries.h"

#include <algorithm>

#include "base/limits.h"
#include "domain/outbound/order.h"

namespace posthorn::outbound {

OrderHorizon::PassagePtr give_id(domain::Event& event, const std::vector<domain::SubscriptionPtr>& matched, IdSource& ids,
                                 OrderHorizon& horizon) {
  const bool ordered = std::any_of(matched.begin(), matched.end(), [](const domain::SubscriptionPtr& subscription) {
    return subscription->settings.order.mode != domain::Order::Mode::none;
  });
  if (!ordered) {
    event.id = ids.next<EventId>();
    return nullptr;
  }
  auto passage = horizon.enter(event.tenant, ids);
  event.id = EventId{passage->event(), ids.next_salt()};
  return passage;
}

store::NewDelivery new_delivery(SubscriptionId id, const domain::Subscription& subscription, IdSource& ids,
                                domain::EventDocument& document) {
  // Whoever reads gets everything in the order of acceptance.
  const auto& settings = subscription.settings;
  const bool pushed = settings.kind == domain::Kind::push;
  return {ids.next<DeliveryId>(), id, pushed ? domain::order_key(settings.order, document) : std::nullopt, settings.kind};
}

void make_deliveries(store::NewEvent& write, const std::vector<domain::SubscriptionPtr>& matched, IdSource& ids,
                     domain::EventDocument& document) {
  const std::size_t now = std::min(matched.size(), kFanoutInlineMax);
  write.matched = static_cast<std::uint32_t>(matched.size());
  write.deliveries.reserve(now);
  for (std::size_t i = 0; i < now; ++i) write.deliveries.push_back(new_delivery(matched[i]->id, *matched[i], ids, document));
  if (now == matched.size()) return;
  std::vector<SubscriptionKey> rest;
  rest.reserve(matched.size() - now);
  for (std::size_t i = now; i < matched.size(); ++i) rest.push_back(matched[i]->id.key);
  write.rest = std::make_shared<const std::vector<SubscriptionKey>>(std::move(rest));
}

}  // namespace posthorn::outbound
