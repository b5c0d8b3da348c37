#include "api/kit/docs_page.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

constexpr std::string_view kDocument = R"({"openapi":"3.1.0","info":{"title":"A <b>","version":"1"},"tags":[{"name":"T"}],
"paths":{"/x/{id}":{"post":{"tags":["T"],"operationId":"doIt","summary":"Do `it`","description":"One.\n\nTwo <script>.",
"parameters":[{"$ref":"#/components/parameters/id"}],
"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/S"},"example":{"a":"'1'"}}}},
"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/S"}}}}}}}},
"components":{"parameters":{"id":{"name":"id","in":"path","required":true,"schema":{"type":"string"},"example":"7"}},
"schemas":{"S":{"type":"object","required":["a"],"properties":{"a":{"type":["string","null"],"description":"An a."}}}}}})";

TEST(DocsPage, ShowsOperationsParametersSchemasAndACurlLine) {
  const std::string html = render_docs(kDocument).html;
  for (const std::string_view part :
       {"<h3>Do <code>it</code></h3>", "<p>One.</p>", "/x/{id}", "<a href=\"#schema-S\">S</a>", "id=\"schema-S\"",
        "string or null", "An a.", "curl -X POST &quot;$POSTHORN_URL/x/7&quot;", "<span class=\"needed\">required</span>",
        "href=\"#doIt\""}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
}

TEST(DocsPage, HasNoScriptAndNothingFromElsewhere) {
  const auto page = render_docs(kDocument);
  EXPECT_NE(page.html.find("A &lt;b&gt;"), std::string::npos);
  EXPECT_NE(page.html.find("Two &lt;script&gt;."), std::string::npos);
  for (const std::string_view part : {"<script", "<link", "src=", "@import", "url(", "http://", "https://"}) {
    EXPECT_EQ(page.html.find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(page.security_policy.starts_with("default-src 'none'; style-src 'sha256-"));
  EXPECT_EQ(page.security_policy.find("unsafe"), std::string::npos);
}

}  // namespace
}  // namespace posthorn::api
