#include "api/orangelogic/orangelogic_api.h"

#include <boost/json/array.hpp>

#include "api/kit/problem.h"
#include "api/orangelogic/document.h"
#include "api/orangelogic/orangelogic_routes.h"
#include "api/orangelogic/subscription.h"

namespace posthorn::api::orangelogic {
namespace {

namespace bj = boost::json;

// Orange Logic's permission is a Security Function of the user.
constexpr std::string_view kNoFunction = "security_function_missing";

net::HttpResponse write_error(const Error& error, const RequestContext& context) {
  const int native = status_of(error);
  const std::string_view code = error.code == "forbidden" ? kNoFunction : error.code.empty() ? "error" : error.code;
  bj::array details;
  if (!error.field.empty()) details.push_back({{"field", error.field}, {"message", error.message}});
  const bj::object body{{"error", {{"code", code}, {"message", error.message}, {"details", std::move(details)}}}};
  return document_answer(context.request, native == 422 ? 400 : native, body);
}

}  // namespace

const Surface kSurface{.name = "orangelogic", .prefix = "/orangelogic", .write_error = write_error};

Result<domain::SubscriptionPtr> find_subscription(const Services& services, const RequestContext& context,
                                                  std::string_view id) {
  const auto parsed = parse_id<SubscriptionId>(id);
  auto found = parsed ? services.catalogue.find_subscription(context.tenant->key, *parsed) : nullptr;
  if (!found || !is_subscription(*found) || !context.reaches(found->id.key)) {
    return not_found("There is no subscription of this id.", "unknown_subscription");
  }
  return found;
}

std::vector<Route> routes(const Services& services) {
  std::vector<Route> routes;
  add_subscription_routes(routes, services);
  add_event_routes(routes, services);
  add_token_route(routes, services);
  return routes;
}

}  // namespace posthorn::api::orangelogic
