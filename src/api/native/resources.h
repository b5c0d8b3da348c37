// The routes of the native API, resource by resource: one function for each file.
#pragma once

#include <vector>

#include "api/kit/services.h"

namespace posthorn::api::native {

void add_tenant_routes(std::vector<Route>& routes, const Services& services);
void add_topic_routes(std::vector<Route>& routes, const Services& services);
void add_scope_routes(std::vector<Route>& routes, const Services& services);
void add_subscription_routes(std::vector<Route>& routes, const Services& services);
void add_automation_routes(std::vector<Route>& routes, const Services& services);
void add_predicate_routes(std::vector<Route>& routes, const Services& services);
void add_secret_routes(std::vector<Route>& routes, const Services& services);
void add_publish_routes(std::vector<Route>& routes, const Services& services);
void add_event_routes(std::vector<Route>& routes, const Services& services);
void add_example_routes(std::vector<Route>& routes, const Services& services);
void add_test_delivery_routes(std::vector<Route>& routes, const Services& services);
void add_delivery_routes(std::vector<Route>& routes, const Services& services);
void add_job_routes(std::vector<Route>& routes, const Services& services);
void add_poll_routes(std::vector<Route>& routes, const Services& services);
void add_privacy_routes(std::vector<Route>& routes, const Services& services);
void add_statistics_routes(std::vector<Route>& routes, const Services& services);
void add_client_routes(std::vector<Route>& routes, const Services& services);
void add_key_routes(std::vector<Route>& routes, const Services& services);
void add_grant_routes(std::vector<Route>& routes, const Services& services);
void add_issuer_routes(std::vector<Route>& routes, const Services& services);
void add_audit_routes(std::vector<Route>& routes, const Services& services);
void add_transform_routes(std::vector<Route>& routes, const Services& services);

}  // namespace posthorn::api::native
