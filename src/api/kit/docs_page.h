// An OpenAPI 3.1 document as one readable page: operations in groups, parameters, schemas, and a curl line for each call.
// Made on the server, so the page needs no script and nothing from elsewhere; its one style sheet stands in the page and is
// allowed by its hash alone.
#pragma once

#include <string>
#include <string_view>

namespace posthorn::api {

struct DocsPage {
  std::string html;
  std::string security_policy;  // for Content-Security-Policy
};

// `openapi` is our own document; one that is not JSON is a broken invariant.
DocsPage render_docs(std::string_view openapi);

}  // namespace posthorn::api
