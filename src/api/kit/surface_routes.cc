#include "api/kit/surface_routes.h"

namespace posthorn::api {

void SurfaceRoutes::operator()(Route route, Call call) {
  route.binding = Binding::principal;
  route.body_bytes_max = body_bytes_max_;
  route.handler = handler(services_, call);
  route.surface = &surface_;
  routes_.push_back(std::move(route));
}

std::vector<domain::SubscriptionPtr> visible_subscriptions(const Services& services, const RequestContext& context,
                                                           const std::function<bool(const domain::Subscription&)>& wanted) {
  std::vector<domain::SubscriptionPtr> visible;
  SubscriptionKey after;
  while (true) {
    const auto page = services.catalogue.list_subscriptions(context.tenant->key, after, kPageItemsMax);
    for (const auto& subscription : page) {
      if (wanted(*subscription) && context.reaches(subscription->id.key)) visible.push_back(subscription);
    }
    if (page.size() < kPageItemsMax) return visible;
    after = page.back()->id.key;
  }
}

}  // namespace posthorn::api
