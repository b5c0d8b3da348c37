#include "api/native/native_api.h"

#include "api/native/resources.h"

namespace posthorn::api::native {

std::vector<Route> routes(const Services& services) {
  std::vector<Route> routes;
  add_tenant_routes(routes, services);
  add_topic_routes(routes, services);
  add_scope_routes(routes, services);
  add_subscription_routes(routes, services);
  add_automation_routes(routes, services);
  add_predicate_routes(routes, services);
  add_secret_routes(routes, services);
  add_publish_routes(routes, services);
  add_event_routes(routes, services);
  add_delivery_routes(routes, services);
  add_job_routes(routes, services);
  add_poll_routes(routes, services);
  add_privacy_routes(routes, services);
  add_statistics_routes(routes, services);
  add_transform_routes(routes, services);
  add_example_routes(routes, services);
  add_test_delivery_routes(routes, services);
  add_client_routes(routes, services);
  add_key_routes(routes, services);
  add_grant_routes(routes, services);
  add_issuer_routes(routes, services);
  add_audit_routes(routes, services);
  return routes;
}

}  // namespace posthorn::api::native
