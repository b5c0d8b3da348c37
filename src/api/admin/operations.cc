#include "api/admin/operations.h"

#include "api/kit/answer.h"
#include "api/kit/json_writer.h"

namespace posthorn::api::admin {
namespace {

net::Task<Answer> live(RequestContext&) { co_return json_answer(200, R"({"status":"live"})"); }

net::Task<Answer> ready(std::function<Readiness()> readiness, RequestContext&) {
  const Readiness now = readiness();
  if (now.ready) co_return json_answer(200, R"({"status":"ready"})");
  std::string body;
  JsonWriter(body).begin_object().string("status", "unavailable").string("reason", now.reason).end_object();
  net::HttpResponse response = json_answer(503, std::move(body));
  response.headers.push_back({"Retry-After", "1"});
  co_return response;
}

net::Task<Answer> metrics(observe::Metrics* metrics, RequestContext&) {
  net::HttpResponse response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics->scrape();
  co_return response;
}

}  // namespace

std::vector<Route> routes(const Operations& operations) {
  std::vector<Route> routes;
  routes.push_back({.method = Method::get, .pattern = "/health/live", .handler = live});
  routes.push_back(
      {.method = Method::get,
       .pattern = "/health/ready",
       .handler = [readiness = operations.readiness](RequestContext& context) { return ready(readiness, context); }});
  std::optional<domain::Action> action;
  if (operations.metrics_access == MetricsAccess::with_key) action = domain::Action::read_operations;
  routes.push_back({.method = Method::get,
                    .pattern = "/metrics",
                    .action = action,
                    .handler = [source = &operations.metrics](RequestContext& context) { return metrics(source, context); }});
  return routes;
}

}  // namespace posthorn::api::admin
