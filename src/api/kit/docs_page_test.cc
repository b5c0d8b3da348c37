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

TEST(DocsPage, SaysWhatIsAllowed) {
  struct Case {
    std::string_view schema, words;
  };
  const Case cases[] = {
      {R"({"type":"integer","minimum":1,"maximum":250,"default":50})", "integer, 1 to 250, default <code>50</code>"},
      {R"({"type":"integer","minimum":0})", "integer, at least 0"},
      {R"({"type":"string","maxLength":128})", "string, up to 128 characters"},
      {R"({"type":"string","minLength":1,"maxLength":9,"pattern":"^<a>$"})",
       "string, 1 to 9 characters, pattern <code>^&lt;a&gt;$</code>"},
      {R"({"type":"string","enum":["low","high"],"default":"low"})",
       "string: <code>&quot;low&quot;</code>, <code>&quot;high&quot;</code>, default <code>&quot;low&quot;</code>"},
      {R"({"type":"array","items":{"type":"integer","maximum":5},"maxItems":64,"uniqueItems":true})",
       "array of integer, up to 5, up to 64 items, each once"},
      {R"({"type":"object","maxProperties":50})", "object, up to 50 members"},
      {R"({"oneOf":[{"const":"basic"},{"type":"null"}],"default":null})",
       "<code>&quot;basic&quot;</code> or null, default <code>null</code>"},
      {R"({"type":"string","readOnly":true})", "string, read-only"},
  };
  for (const auto& c : cases) {
    std::string document(kDocument);
    const std::string_view old = R"({"type":"string"},"example":"7")";
    document.replace(document.find(old), old.size(), std::string(c.schema) + R"(,"example":"7")");
    EXPECT_NE(render_docs(document).html.find("<td>path</td><td>" + std::string(c.words) + "</td>"), std::string::npos)
        << c.words;
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
