#include "api/kit/document_routes.h"

#include <memory>
#include <optional>

#include "api/kit/answer.h"
#include "api/kit/docs_page.h"

namespace posthorn::api {
namespace {

// Rendered at the first call: most servers are never asked.
net::HttpResponse page_answer(std::optional<DocsPage>& rendered, std::string_view document) {
  if (!rendered) rendered = render_docs(document);
  net::HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.headers.push_back({"Content-Security-Policy", rendered->security_policy});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.headers.push_back({"Referrer-Policy", "no-referrer"});
  response.body = rendered->html;
  return response;
}

net::Task<Answer> answer_now(net::HttpResponse response) { co_return response; }

}  // namespace

std::vector<Route> document_routes(const SurfaceDocument& document) {
  std::vector<Route> routes;
  routes.push_back({.method = Method::get, .pattern = document.json_path, .handler = [text = document.text](RequestContext&) {
                      return answer_now(json_answer(200, std::string(text())));
                    }});
  routes.push_back({.method = Method::get,
                    .pattern = document.page_path,
                    .handler = [text = document.text, rendered = std::make_shared<std::optional<DocsPage>>()](RequestContext&) {
                      return answer_now(page_answer(*rendered, text()));
                    }});
  return routes;
}

}  // namespace posthorn::api
