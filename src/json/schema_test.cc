#include "json/schema.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/limits.h"

namespace posthorn::json {
namespace {

std::shared_ptr<const Schema> compiled(std::string_view text) {
  auto schema = Schema::compile(text, "schema");
  EXPECT_TRUE(schema) << text << ": " << schema.error().field << " " << schema.error().message;
  return schema ? *schema : nullptr;
}

struct Case {
  std::string_view schema;
  std::vector<std::string_view> good;
  std::vector<std::string_view> bad;
};

void expect_verdicts(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    const auto schema = compiled(c.schema);
    ASSERT_NE(schema, nullptr);
    // What is made from a schema that has values is one of them.
    const auto example = schema->example();
    EXPECT_EQ(example.has_value(), !c.good.empty()) << c.schema;
    const std::string made = example ? *example : "";
    EXPECT_EQ(example && schema->validate(made, "example"), example.has_value()) << c.schema << " made " << made;
    for (const auto value : c.good) {
      const auto status = schema->validate(value, "data");
      EXPECT_TRUE(status) << c.schema << " must accept " << value << ": " << status.error().message;
    }
    for (const auto value : c.bad) {
      const auto status = schema->validate(value, "data");
      ASSERT_FALSE(status) << c.schema << " must refuse " << value;
      EXPECT_EQ(status.error().kind, ErrorKind::invalid_argument);
      EXPECT_EQ(status.error().code, "schema_mismatch");
    }
  }
}

TEST(Schema, ChecksTypesAndFixedValues) {
  expect_verdicts({
      {"{}", {"1", "null", "{}"}, {}},
      {"true", {"1", "{}"}, {}},
      {"false", {}, {"1", "null"}},
      {R"({"type":"integer"})", {"1", "-1", "1.0", "1e3", "18446744073709551615"}, {"1.5", "\"1\"", "null", "true", "[1]"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "null"}},
      {R"({"type":"string"})", {"\"\""}, {"1", "null"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"0", "null", "\"true\""}},
      {R"({"type":"null"})", {"null"}, {"0", "false", "\"\"", "{}"}},
      {R"({"type":"array"})", {"[]"}, {"{}"}},
      {R"({"type":"object"})", {"{}"}, {"[]"}},
      {R"({"type":["string","null"]})", {"\"\"", "null"}, {"1"}},
      {R"({"enum":[1,"a",null,[1,{"x":1}]]})",
       {"1", "1.0", "\"a\"", "null", R"([1.0,{"x":1}])"},
       {"2", "true", "[1]", "\"A\""}},
      {R"({"const":{"a":1,"b":[2]}})", {R"({"b":[2],"a":1.0})"}, {R"({"a":1})", R"({"a":1,"b":[2],"c":3})", "1"}},
      {R"({"const":false})", {"false"}, {"0", "null", "[]"}},
      {R"({"const":9007199254740993})", {"9007199254740993"}, {"9007199254740992", "9007199254740992.0"}},
  });
}

TEST(Schema, ChecksNumbersAndStrings) {
  expect_verdicts({
      {R"({"minimum":1,"maximum":2.5})", {"1", "2.5", "\"x\""}, {"0.999", "2.6", "-1"}},
      {R"({"exclusiveMinimum":1,"exclusiveMaximum":2})", {"1.5"}, {"1", "2", "1.0"}},
      {R"({"maximum":9223372036854775806})", {"9223372036854775806"}, {"9223372036854775807"}},
      {R"({"multipleOf":3})", {"0", "9", "-3", "6.0", "\"x\""}, {"1", "3.5", "10"}},
      {R"({"multipleOf":0.01})", {"19.99", "0.07", "4.35", "1e10"}, {"0.015", "19.991"}},
      {R"({"minLength":2,"maxLength":3})",
       {"\"ab\"", "\"\u00e9\u00e9\u00e9\"", "\"\\ud83d\\ude00x\"", "1"},
       {"\"a\"", "\"abcd\"", "\"\xc3\xa9\""}},
      {R"({"pattern":"^a+$"})", {"\"aaa\"", "1"}, {"\"\"", "\"ab\"", "\"aa\\n\""}},
      {R"({"pattern":"b"})", {"\"abc\""}, {"\"ac\""}},
      {R"({"pattern":"^\\u00e9\\d\\/\\x41$"})", {"\"\u00e91/A\""}, {"\"e1/A\""}},
      {R"({"pattern":"^.$"})", {"\"\xe2\x82\xac\""}, {"\"ab\""}},
  });
}

TEST(Schema, ChecksFormats) {
  expect_verdicts({
      {R"({"format":"date-time"})",
       {"\"2026-01-31T23:59:59.5+01:00\"", "5"},
       {"\"2026-02-30T00:00:00Z\"", "\"2026-01-31\"", "\"\""}},
      {R"({"format":"date"})", {"\"2024-02-29\""}, {"\"2023-02-29\"", "\"2024-2-9\"", "\"2024-02-29Z\""}},
      {R"({"format":"time"})", {"\"23:59:59Z\"", "\"12:00:00.1+02:00\""}, {"\"24:00:00Z\"", "\"12:00\""}},
      {R"({"format":"uuid"})",
       {"\"01951234-5678-7abc-9def-0123456789AB\""},
       {"\"01951234-5678-7abc-9def-0123456789a\"", "\"x\""}},
      {R"({"format":"email"})", {"\"a@example.com\""}, {"\"a\"", "\"@b\"", "\"a@\"", "\"a b@c\""}},
      {R"({"format":"uri"})",
       {"\"https://example.com/a?b#c\"", "\"urn:x:y\""},
       {"\"example.com\"", "\"http://a b\"", "\"1a:b\"", "\":x\""}},
      {R"({"format":"ipv4"})", {"\"192.0.2.1\""}, {"\"192.0.2\"", "\"192.0.2.256\"", "\"192.0.2.01\"", "\"::1\""}},
      {R"({"format":"ipv6"})", {"\"::1\"", "\"2001:db8::1\""}, {"\"1\"", "\"12345::\"", "\"1.2.3.4\"", "\"::1%1\""}},
      {R"({"format":"something-else"})", {"\"anything\""}, {}},
  });
}

TEST(Schema, ChecksArrays) {
  expect_verdicts({
      {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {"[1,\"2\"]"}},
      {R"({"items":[{"type":"integer"},{"type":"string"}]})", {"[]", "[1]", "[1,\"a\",null]"}, {"[\"a\"]", "[1,1]"}},
      {R"({"items":[{"type":"integer"}],"additionalItems":{"type":"string"}})", {"[1]", "[1,\"a\"]"}, {"[1,2]"}},
      {R"({"items":[true],"additionalItems":false})", {"[1]"}, {"[1,2]"}},
      {R"({"prefixItems":[{"type":"integer"}],"items":false})", {"[]", "[1]"}, {"[1,2]", "[\"a\"]"}},
      {R"({"additionalItems":false})", {"[1,2,3]"}, {}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "\"abc\""}, {"[]", "[1,2,3]"}},
      {R"({"contains":{"const":5}})", {"[5]", "[1,5]", "{}"}, {"[]", "[1]"}},
      {R"({"contains":{"const":5},"minContains":2,"maxContains":3})", {"[5,5]", "[5,5,5,1]"}, {"[5]", "[5,5,5,5]"}},
      {R"({"contains":{"const":5},"minContains":0})", {"[]", "[1]"}, {}},
      {R"({"uniqueItems":true})",
       {"[]", "[1]", "[1,2,\"1\",true,[1],{\"a\":1}]", "[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1}]", "[[1,2],[2,1]]", "[1,true]",
        "[0,false]"},
       {"[1,2,1]", "[1,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "[[1],[1]]", "[null,null]", "[\"a\",\"b\",\"a\"]",
        "[0,-0.0]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
  });
}

TEST(Schema, ChecksObjects) {
  expect_verdicts({
      {R"({"required":["a","b"]})", {R"({"a":1,"b":null})", "[]"}, {R"({"a":1})", "{}"}},
      {R"({"properties":{"a":{"type":"string"}}})", {"{}", R"({"a":"x","b":1})"}, {R"({"a":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":false})", {"{}", R"({"a":1})"}, {R"({"b":1})", R"({"a":1,"b":1})"}},
      {R"({"additionalProperties":{"type":"integer"}})", {R"({"a":1})"}, {R"({"a":"x"})"}},
      {R"({"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false})",
       {R"({"x-a":"1"})"},
       {R"({"x-a":1})", R"({"y":1})"}},
      {R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})"}, {R"({"abc":1})"}},
      {R"({"minProperties":1,"maxProperties":2})", {R"({"a":1})"}, {"{}", R"({"a":1,"b":1,"c":1})"}},
      {R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})",
       {"{}", R"({"a":1,"b":1})", R"({"c":1,"d":1})"},
       {R"({"a":1})", R"({"c":1})"}},
      {R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"minProperties":2}}})",
       {R"({"b":1})"},
       {R"({"a":1})", R"({"c":1})"}},
  });
}

TEST(Schema, CombinesSchemas) {
  expect_verdicts({
      {R"({"allOf":[{"minimum":1},{"maximum":5}]})", {"3"}, {"0", "6"}},
      {R"({"anyOf":[{"type":"string"},{"minimum":5,"type":"integer"}]})", {"\"x\"", "7"}, {"1", "null"}},
      {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "9"}, {"6", "7", "\"x\""}},
      {R"({"oneOf":[{"multipleOf":2,"type":"integer"},{"multipleOf":3,"type":"integer"}]})", {"2", "9"}, {"6", "7", "\"x\""}},
      {R"({"not":{"type":"string"}})", {"1"}, {"\"x\""}},
      {R"({"if":{"properties":{"kind":{"const":"a"}}},"then":{"required":["x"]},"else":{"required":["y"]}})",
       {R"({"kind":"a","x":1})", R"({"kind":"b","y":1})"},
       {R"({"kind":"a","y":1})", R"({"kind":"b","x":1})"}},
      {R"({"if":{"const":1}})", {"1", "2"}, {}},
  });
}

TEST(Schema, FollowsReferencesIntoItself) {
  expect_verdicts({
      {R"({"$defs":{"n":{"type":"integer"}},"items":{"$ref":"#/$defs/n"}})", {"[1]"}, {"[\"1\"]"}},
      {R"({"definitions":{"a/b":{"type":"integer"},"c%d":{"type":"string"}},"properties":{"x":{"$ref":"#/definitions/a~1b"},"y":{"$ref":"#/definitions/c%25d"}}})",
       {R"({"x":1,"y":"s"})"},
       {R"({"x":"1"})", R"({"y":1})"}},
      // A tree: circles through the value's members are what references are for.
      {R"({"properties":{"child":{"$ref":"#"},"n":{"type":"integer"}},"additionalProperties":false})",
       {R"({"n":1,"child":{"n":2,"child":{}}})"},
       {R"({"child":{"child":{"n":"x"}}})", R"({"child":{"other":1}})"}},
      {R"({"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"minimum":1}}})", {"3"}, {"0", "6"}},
      {R"({"$id":"https://example.com/s","properties":{"a":{"$ref":"https://example.com/s#/$defs/n"}},"$defs":{"n":{"type":"null"}}})",
       {R"({"a":null})"},
       {R"({"a":1})"}},
      {R"({"properties":{"$ref":{"type":"string"}}})", {R"({"$ref":"x"})"}, {R"({"$ref":1})"}},
  });
}

TEST(Schema, NamesThePlaceAndWhatItMustBe) {
  struct Mismatch {
    std::string_view schema, value, field, message;
  };
  const Mismatch cases[] = {
      {R"({"type":"integer"})", "\"x\"", "data", "must be a whole number"},
      {R"({"type":["string","null"]})", "1", "data", "must be a string or null"},
      {R"({"properties":{"a":{"items":{"properties":{"b/c":{"maximum":5}}}}}})", R"({"a":[{},{"b/c":9}]})", "data/a/1/b~1c",
       "must be at most 5"},
      {R"({"required":["id"]})", "{}", "data/id", "is required"},
      {R"({"items":{"required":["id"]}})", "[{\"id\":1},{}]", "data/1/id", "is required"},
      {R"({"properties":{},"additionalProperties":false})", R"({"x":1})", "data/x", "is not allowed here"},
      {R"({"dependencies":{"a":["b"]}})", R"({"a":1})", "data/b", "is required when \"a\" is there"},
      {R"({"minimum":0.5})", "0.25", "data", "must be at least 0.5"},
      {R"({"exclusiveMaximum":1e20})", "1e21", "data", "must be below 1e+20"},
      {R"({"multipleOf":0.01})", "0.005", "data", "must be a multiple of 0.01"},
      {R"({"maximum":9223372036854775806})", "9223372036854775807", "data", "must be at most 9223372036854775806"},
      {R"({"minLength":1})", "\"\"", "data", "must have at least 1 character"},
      {R"({"maxItems":2})", "[1,2,3]", "data", "must have at most 2 items"},
      {R"({"pattern":"^[A-Z]+$"})", "\"abc\"", "data", "must match the pattern ^[A-Z]+$"},
      {R"({"format":"date"})", "\"x\"", "data", "must be a date as in 2026-01-31"},
      {R"({"enum":[1]})", "2", "data", "must be one of the values that the schema lists"},
      {R"({"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}}})", R"({"a":1})", "data/a",
       "must match at least one of the forms that the schema allows"},
      {R"({"not":{}})", "1", "data", "must not be as the schema excludes"},
      {R"({"uniqueItems":true})", "[1,1]", "data", "must not have the same item twice"},
      {R"({"propertyNames":{"maxLength":1}})", R"({"ab":1})", "data/ab", "has a name that the schema does not allow"},
  };
  for (const auto& c : cases) {
    const auto status = compiled(c.schema)->validate(c.value, "data");
    ASSERT_FALSE(status) << c.schema;
    EXPECT_EQ(status.error().field, c.field) << c.schema;
    EXPECT_EQ(status.error().message, c.message) << c.schema;
  }
  EXPECT_EQ(compiled(R"({"required":["id"]})")->validate("{}", "").error().field, "id");
}

TEST(Schema, RefusesValuesThatAreNotJson) {
  const auto schema = compiled("{}");
  EXPECT_EQ(schema->validate("{", "data").error().code, "malformed_json");
  const auto repeated = schema->validate(R"({"x":{"a":1,"a":2}})", "data");
  EXPECT_EQ(repeated.error().code, "duplicate_member");
  EXPECT_EQ(repeated.error().field, "data/x/a");
  EXPECT_FALSE(schema->validate(std::string(1'000'000, '['), "data"));
}

TEST(SchemaCompile, RefusesWhatIsNoSchemaNamingThePlace) {
  struct Refusal {
    std::string_view schema, field;
  };
  const Refusal cases[] = {
      {"", "schema"},
      {"{", "schema"},
      {"[]", "schema"},
      {"1", "schema"},
      {"\"string\"", "schema"},
      {R"({"type":"strin"})", "schema/type"},
      {R"({"type":[]})", "schema/type"},
      {R"({"type":["string",1]})", "schema/type"},
      {R"({"type":1})", "schema/type"},
      {R"({"a":1,"a":2})", "schema/a"},
      {R"({"enum":[]})", "schema/enum"},
      {R"({"enum":1})", "schema/enum"},
      {R"({"minimum":"1"})", "schema/minimum"},
      {R"({"exclusiveMinimum":true})", "schema/exclusiveMinimum"},
      {R"({"multipleOf":0})", "schema/multipleOf"},
      {R"({"multipleOf":-1})", "schema/multipleOf"},
      {R"({"minLength":-1})", "schema/minLength"},
      {R"({"maxItems":1.5})", "schema/maxItems"},
      {R"({"pattern":1})", "schema/pattern"},
      {R"({"pattern":"("})", "schema/pattern"},
      {R"j({"pattern":"a(?=b)"})j", "schema/pattern"},
      {R"({"pattern":"(a)\\1"})", "schema/pattern"},
      {R"({"patternProperties":{"[":{}}})", "schema/patternProperties/["},
      {R"({"required":"a"})", "schema/required"},
      {R"({"required":[1]})", "schema/required"},
      {R"({"properties":[]})", "schema/properties"},
      {R"({"properties":{"a":1}})", "schema/properties/a"},
      {R"({"properties":{"a":{"items":{"type":"x"}}}})", "schema/properties/a/items/type"},
      {R"({"items":1})", "schema/items"},
      {R"({"items":[{"type":"x"}]})", "schema/items/0/type"},
      {R"({"allOf":[]})", "schema/allOf"},
      {R"({"anyOf":{}})", "schema/anyOf"},
      {R"({"oneOf":[1]})", "schema/oneOf/0"},
      {R"({"uniqueItems":1})", "schema/uniqueItems"},
      {R"({"dependencies":{"a":1}})", "schema/dependencies/a"},
      {R"({"$defs":{"unused":{"type":"x"}}})", "schema/$defs/unused/type"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#"})", "schema/$schema"},
      {R"({"unevaluatedProperties":false})", "schema/unevaluatedProperties"},
      {R"({"properties":{"a":{"$dynamicRef":"#x"}}})", "schema/properties/a/$dynamicRef"},
      {R"({"properties":{"a":{"$id":"other"}}})", "schema/properties/a/$id"},
  };
  for (const auto& c : cases) {
    const auto schema = Schema::compile(c.schema, "schema");
    ASSERT_FALSE(schema) << c.schema;
    EXPECT_EQ(schema.error().kind, ErrorKind::invalid_argument) << c.schema;
    EXPECT_EQ(schema.error().code, "invalid_schema") << c.schema;
    EXPECT_EQ(schema.error().field, c.field) << c.schema << ": " << schema.error().message;
  }
}

TEST(SchemaCompile, NeverFetchesAReference) {
  for (const std::string_view target :
       {"https://example.com/schema.json", "http://127.0.0.1:1/#/a", "file:///etc/passwd", "other.json", "other.json#/a", "/a",
        "a", "", "#a", "urn:uuid:01951234-5678-7abc-9def-0123456789ab", "//example.com/x", "#/%zz", "#/$defs/missing",
        "#/$defs/x/0", "#/title"}) {
    const auto schema = Schema::compile(
        "{\"title\":\"t\",\"$defs\":{\"x\":{}},\"items\":{\"$ref\":\"" + std::string(target) + "\"}}", "schema");
    ASSERT_FALSE(schema) << target;
    EXPECT_TRUE(schema.error().field == "schema/items/$ref" || schema.error().field == "schema/title") << schema.error().field;
  }
}

TEST(SchemaCompile, RefusesReferencesInACircle) {
  for (const std::string_view text : {
           R"({"$ref":"#"})",
           R"({"allOf":[{"$ref":"#"}]})",
           R"({"not":{"$ref":"#"}})",
           R"({"if":true,"then":{"$ref":"#"}})",
           R"({"dependencies":{"a":{"$ref":"#"}}})",
           R"({"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{},{"$ref":"#/$defs/a"}]}}})",
           R"({"items":{"oneOf":[{"$ref":"#/items"}]}})",
       }) {
    const auto schema = Schema::compile(text, "schema");
    ASSERT_FALSE(schema) << text;
    EXPECT_NE(schema.error().message.find("refers to itself"), std::string::npos) << schema.error().message;
  }
}

TEST(SchemaCompile, BoundsSizeAndPatterns) {
  EXPECT_FALSE(Schema::compile("{\"title\":\"" + std::string(kSchemaTextBytesMax, 'x') + "\"}", "schema"));
  EXPECT_FALSE(Schema::compile("{\"pattern\":\"" + std::string(kSchemaPatternBytesMax + 1, 'x') + "\"}", "schema"));
  EXPECT_FALSE(Schema::compile(R"({"pattern":"((a{100}){100}){100}"})", "schema")) << "a program too big";
  const auto with_patterns = [](std::size_t count) {
    std::string text = R"({"allOf":[{})";
    for (std::size_t i = 0; i < count; ++i) text += R"(,{"pattern":"a)" + std::to_string(i) + "\"},{\"pattern\":\"a0\"}";
    return text + "]}";
  };
  EXPECT_TRUE(Schema::compile(with_patterns(kSchemaPatternsMax), "schema")) << "the same pattern counts once";
  EXPECT_FALSE(Schema::compile(with_patterns(kSchemaPatternsMax + 1), "schema"));
}

// Each would take very long, very much memory or the whole stack without a bound.
TEST(Schema, BoundsTheWorkOfHostilePairs) {
  std::string doubling = R"({"$ref":"#/$defs/0","$defs":{"40":{"type":"integer"})";
  for (int i = 0; i < 40; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/" + std::to_string(i + 1) + "\"}";
    doubling += ",\"" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]}";
  }
  doubling += "}}";
  EXPECT_EQ(compiled(doubling)->validate("1", "data").error().message, "takes too many steps to check against the schema");

  std::string inverted = R"({"not":{"not":)" + doubling + "}}";
  for (std::size_t at = 0; (at = inverted.find("#/", at)) != std::string::npos; at += 9) inverted.replace(at, 2, "#/not/not/");
  EXPECT_FALSE(compiled(inverted)->validate("1", "data")) << "what was not finished is never a success";

  std::string chain = R"({"$ref":"#/$defs/0","$defs":{"1000":{})";
  for (int i = 0; i < 1000; ++i) chain += ",\"" + std::to_string(i) + "\":{\"$ref\":\"#/$defs/" + std::to_string(i + 1) + "\"}";
  EXPECT_FALSE(compiled(chain + "}}")->validate("1", "data")) << "recursion";

  std::string numbers = "[0";
  for (int i = 1; i < 150'000; ++i) numbers += "," + std::to_string(i);
  EXPECT_TRUE(compiled(R"({"uniqueItems":true})")->validate(numbers + "]", "data")) << "no square of the length";
  EXPECT_FALSE(compiled(R"({"uniqueItems":true})")->validate(numbers + ",7]", "data"));

  const std::string long_text = "\"" + std::string(1'000'000, 'a') + "b\"";
  EXPECT_FALSE(compiled(R"({"pattern":"^(a+)+$"})")->validate(long_text, "data"));
  EXPECT_FALSE(compiled(R"({"pattern":"(x+x+)+y"})")->validate(long_text, "data"));
  EXPECT_FALSE(compiled(R"({"format":"date-time"})")->validate("\"" + std::string(1'000'000, '1') + "\"", "data"));
  EXPECT_TRUE(compiled(R"({"pattern":"b$"})")->validate(long_text, "data")) << "long text alone is no reason to refuse";
}

TEST(Schema, RecursesAsDeepAsValuesMayBe) {
  const auto schema = compiled(R"({"anyOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#"}}]})");
  const auto nested = [](std::string_view inside) {
    return std::string(kJsonDepthMax, '[') + std::string(inside) + std::string(kJsonDepthMax, ']');
  };
  EXPECT_TRUE(schema->validate(nested("1"), "data"));
  EXPECT_FALSE(schema->validate(nested("null"), "data"));
}

TEST(Schema, MayBeUsedByManyThreads) {
  const auto schema = compiled(R"({"items":{"pattern":"^[a-f0-9]+$","type":"string"},"uniqueItems":true})");
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (std::size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        right[t] += schema->validate(R"(["ab","cd"])", "data") && !schema->validate(R"(["ab","xyz"])", "data") ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(4, 500));
}

}  // namespace
}  // namespace posthorn::json
