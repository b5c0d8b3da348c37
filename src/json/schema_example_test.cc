#include "json/schema_example.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "json/schema.h"

namespace posthorn::json {
namespace {

std::string example_of(std::string_view text) {
  const auto schema = Schema::compile(text, "schema");
  EXPECT_TRUE(schema) << text;
  if (!schema) return {};
  const auto made = (*schema)->example();
  if (!made) return "none: " + made.error().message;
  EXPECT_TRUE((*schema)->validate(*made, "example")) << text << " made " << *made;
  return *made;
}

TEST(SchemaExample, IsReadable) {
  struct Case {
    std::string_view schema, example;
  };
  const Case cases[] = {
      {R"({"type":"string"})", R"("text")"},
      {R"({"type":"integer"})", "1"},
      {R"({"type":"number","minimum":0.25,"maximum":0.5})", "0.25"},
      {R"({"type":"boolean"})", "true"},
      {R"({"type":"null"})", "null"},
      {R"({"enum":["paid","open"]})", R"("paid")"},
      {R"({"const":{"a":[1]}})", R"({"a":[1]})"},
      {R"({"format":"date-time"})", R"("2026-01-01T00:00:00.000Z")"},
      {R"({"format":"uri"})", R"("https://example.com/")"},
      {R"({"format":"email"})", R"("someone@example.com")"},
      {R"({"format":"uuid"})", R"("0198f0a2-7c1e-7a3b-8d54-000000000000")"},
      {R"({"type":"string","minLength":6})", R"("texttt")"},
      {R"({"type":"string","maxLength":2})", R"("te")"},
      {R"({"type":"integer","minimum":10,"multipleOf":4})", "12"},
      {R"({"type":"integer","exclusiveMinimum":5})", "6"},
      {R"({"type":"integer","maximum":-3})", "-3"},
      {R"({"type":"array","items":{"type":"integer"}})", "[1]"},
      {R"({"type":"array","items":{"type":"integer"},"minItems":3,"uniqueItems":true})", "[1,2,3]"},
      {R"({"type":"string","pattern":"^[A-Z]{3}-\\d{2,4}$"})", R"("AAA-11")"},
      {R"({"type":"object","required":["id"],"properties":{"id":{"type":"integer"},"note":{"type":"string"}}})",
       R"({"id":1,"note":"text"})"},
      {R"({"type":"object","properties":{"a":{"enum":[1]},"b":false}})", R"({"a":1})"},
      {R"({"allOf":[{"type":"integer","minimum":3},{"maximum":3}]})", "3"},
      {R"({"oneOf":[{"type":"integer","multipleOf":2},{"type":"integer","multipleOf":3}]})", "2"},
      {R"({"not":{"type":"string"},"type":["string","boolean"]})", "true"},
  };
  for (const auto& row : cases) EXPECT_EQ(example_of(row.schema), row.example) << row.schema;
}

TEST(SchemaExample, FollowsWholeDocuments) {
  const std::string_view schemas[] = {
      R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object","additionalProperties":false,
          "required":["id","at","lines","buyer"],
          "properties":{
            "id":{"type":"string","format":"uuid"},
            "at":{"type":"string","format":"date-time"},
            "state":{"enum":["open","paid"]},
            "total":{"type":"number","exclusiveMinimum":0,"multipleOf":0.01},
            "currency":{"type":"string","pattern":"^[A-Z]{3}$"},
            "buyer":{"$ref":"#/definitions/person"},
            "lines":{"type":"array","minItems":2,"uniqueItems":true,"items":{"$ref":"#/definitions/line"}}},
          "definitions":{
            "person":{"type":"object","required":["email"],"properties":{
               "email":{"type":"string","format":"email"},"manager":{"$ref":"#/definitions/person"}}},
            "line":{"type":"object","required":["sku","count"],"properties":{
               "sku":{"type":"string","minLength":8,"maxLength":8},"count":{"type":"integer","minimum":1}}}}})",
      R"({"type":"object","required":["kind"],"oneOf":[
            {"properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["x"]},
            {"properties":{"kind":{"const":"b"},"y":{"type":"integer"}},"required":["y"]}]})",
      R"({"type":"object","minProperties":3,"maxProperties":3,"properties":{"a":{},"b":{},"c":{},"d":{}}})",
      R"({"type":"object","minProperties":2,"additionalProperties":{"type":"integer"}})",
      R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":false,"minItems":2})",
      R"({"type":"array","contains":{"const":5},"minContains":2,"items":{"type":"integer"}})",
      R"({"type":"array","minItems":100,"uniqueItems":true,"items":{"type":"string","format":"ipv4"}})",
      R"({"properties":{"child":{"$ref":"#"},"n":{"type":"integer"}},"required":["n"],"additionalProperties":false})",
      R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]}})",
      R"({"anyOf":[{"type":"integer","minimum":5,"maximum":4},{"type":"string","enum":["x"]}]})",
  };
  for (const auto schema : schemas) EXPECT_FALSE(example_of(schema).starts_with("none")) << schema;
}

TEST(SchemaExample, SaysWhenThereIsNone) {
  for (const std::string_view schema : {
           "false",
           R"({"type":"integer","minimum":2,"maximum":1})",
           R"({"type":"object","required":["a"],"properties":{"a":false}})",
           R"({"allOf":[{"type":"string"},{"type":"integer"}]})",
           R"({"required":["child"],"properties":{"child":{"$ref":"#"}},"type":"object"})",
       }) {
    EXPECT_TRUE(example_of(schema).starts_with("none")) << schema;
  }
}

TEST(SchemaExample, BoundsItsWork) {
  std::string wide = R"({"type":"object","properties":{)";
  for (int i = 0; i < 500; ++i) wide += (i > 0 ? "," : "") + ("\"p" + std::to_string(i)) + "\":{\"$ref\":\"#\"}";
  wide += "}}";
  std::string choices = R"({"allOf":[)";
  for (int i = 0; i < 30; ++i) choices += std::string(i > 0 ? "," : "") + R"({"anyOf":[{"minimum":1},{"minimum":2}]})";
  choices += R"(,{"type":"string","enum":[]}]})";
  for (const auto& schema : {wide, choices, std::string(R"({"type":"array","minItems":100000000})"),
                             std::string(R"({"type":"string","minLength":100000000})"),
                             std::string(R"({"type":"string","pattern":"^(((a{1000}){1000}){1000})$"})")}) {
    const auto compiled = Schema::compile(schema, "schema");
    if (!compiled) continue;
    const auto made = (*compiled)->example();
    EXPECT_LE(made ? made->size() : 0, 1U << 20);
  }
}

TEST(PatternExample, MatchesWhatItReads) {
  for (const std::string_view pattern : {"abc", "^abc$", "^[a-z]+$", "^[^a-z]$", "^(a|b)c?$", "^\\d{4}-\\d{2}$", "^(?:x|y)z*$",
                                         "^[\\w.-]+@[\\w-]+\\.com$", "^.{3}$", "^a\\.b$", "^[]x]$", "^(?P<name>n)+$",
                                         "^\\S+\\s\\S+$", "^é{2}$", "^[é-ü]$", "^$", "^a{2,}$", "^#[0-9a-fA-F]{6}$"}) {
    const auto made = make_pattern_example(pattern);
    ASSERT_TRUE(made) << pattern;
    EXPECT_TRUE(re2::RE2::PartialMatch(*made, re2::RE2(re2::StringPiece(pattern.data(), pattern.size()))))
        << pattern << " made " << *made;
  }
  for (const std::string_view pattern : {"\\p{L}", "[[:alpha:]]", "(?i)a", "(", "a{99999}", "*"}) {
    EXPECT_FALSE(make_pattern_example(pattern)) << pattern;
  }
}

}  // namespace
}  // namespace posthorn::json
