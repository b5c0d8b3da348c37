// What the native API's handlers work with, and the shape that all of them have.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "access/tenants.h"
#include "api/kit/router.h"
#include "base/limits.h"
#include "outbound/catalogue.h"
#include "outbound/delivery_service.h"
#include "outbound/job_service.h"
#include "outbound/publisher.h"
#include "store/store.h"

namespace posthorn::api::native {

// References to what one in-loop has; all of it outlives the router.
struct Services {
  store::Session& session;
  access::Tenants& tenants;
  outbound::Catalogue& catalogue;
  outbound::Publisher& publisher;
  outbound::DeliveryService& deliveries;
  outbound::JobService& jobs;
  std::size_t event_body_bytes_max = kEventBodyBytesMaxDefault;
};

using Call = net::Task<Answer> (*)(Services, RequestContext&);

inline Handler handler(const Services& services, Call call) {
  return [services, call](RequestContext& context) { return call(services, context); };
}

// One function for each resource file.
void add_tenant_routes(std::vector<Route>& routes, const Services& services);
void add_topic_routes(std::vector<Route>& routes, const Services& services);
void add_scope_routes(std::vector<Route>& routes, const Services& services);
void add_subscription_routes(std::vector<Route>& routes, const Services& services);
void add_publish_routes(std::vector<Route>& routes, const Services& services);
void add_event_routes(std::vector<Route>& routes, const Services& services);
void add_delivery_routes(std::vector<Route>& routes, const Services& services);
void add_job_routes(std::vector<Route>& routes, const Services& services);

}  // namespace posthorn::api::native
