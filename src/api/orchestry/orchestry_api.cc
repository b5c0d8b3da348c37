#include "api/orchestry/orchestry_api.h"

#include "api/kit/problem.h"
#include "api/orchestry/orchestry_routes.h"

namespace posthorn::api::orchestry {
namespace {

// Orchestry's API answers 400 where the native one answers 422.
net::HttpResponse write_error(const Error& error, const RequestContext& context) {
  net::HttpResponse response = problem_response(error, context.request_id);
  if (response.status != 422) return response;
  Error as_malformed = error;
  as_malformed.kind = ErrorKind::malformed;
  return problem_response(as_malformed, context.request_id);
}

}  // namespace

const Surface kSurface{.name = "orchestry", .prefix = "/orchestry", .write_error = write_error};

std::vector<Route> routes(const Services& services) {
  std::vector<Route> routes;
  add_webhook_routes(routes, services);
  add_token_routes(routes, services);
  return routes;
}

}  // namespace posthorn::api::orchestry
