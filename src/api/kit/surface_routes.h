// What the vendors' surfaces share beside the service: how their routes are made, and which subscriptions they show.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "api/kit/services.h"
#include "api/kit/surface.h"

namespace posthorn::api {

// Adds routes of one surface; each is about the principal's own tenant.
//
//   SurfaceRoutes add(routes, services, kSurface);
//   add({.method = Method::get, .pattern = kOne, .action = Action::read_subscriptions, .reach = Reach::filtered}, get_one);
class SurfaceRoutes {
 public:
  SurfaceRoutes(std::vector<Route>& routes, const Services& services, const Surface& surface,
                std::size_t body_bytes_max = kCatalogueBodyBytesMax)
      : routes_(routes), services_(services), surface_(surface), body_bytes_max_(body_bytes_max) {}

  void operator()(Route route, Call call);

 private:
  std::vector<Route>& routes_;
  const Services services_;
  const Surface& surface_;
  const std::size_t body_bytes_max_;
};

// The subscriptions of the call's tenant that are `wanted` and that the caller may see, oldest first.
std::vector<domain::SubscriptionPtr> visible_subscriptions(const Services& services, const RequestContext& context,
                                                           const std::function<bool(const domain::Subscription&)>& wanted);

}  // namespace posthorn::api
