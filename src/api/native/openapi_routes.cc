#include "api/native/openapi_routes.h"

#include "api/kit/answer.h"
#include "api/kit/docs_page.h"

namespace posthorn::api::native {
namespace {

net::Task<Answer> get_document(RequestContext&) { co_return json_answer(200, std::string(openapi_document())); }

// Rendered at the first call: most servers are never asked.
net::Task<Answer> get_page(RequestContext&) {
  static const DocsPage page = render_docs(openapi_document());
  net::HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.headers.push_back({"Content-Security-Policy", page.security_policy});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.headers.push_back({"Referrer-Policy", "no-referrer"});
  response.body = page.html;
  co_return response;
}

}  // namespace

std::vector<Route> openapi_routes() {
  std::vector<Route> routes;
  routes.push_back({.method = Method::get, .pattern = "/api/v1/openapi.json", .handler = get_document});
  routes.push_back({.method = Method::get, .pattern = "/api/v1/docs", .handler = get_page});
  return routes;
}

}  // namespace posthorn::api::native
