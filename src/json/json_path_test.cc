#include "json/json_path.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "json/plain_text.h"
#include "json/reader.h"

namespace posthorn::json {
namespace {

bj::value value_of(std::string_view text) {
  auto value = parse(text);
  EXPECT_TRUE(value) << text;
  return value ? std::move(*value) : bj::value();
}

JsonPathPtr compiled(std::string_view text, std::span<const PathAlias> aliases = {}) {
  auto path = JsonPath::compile(text, "path", aliases);
  EXPECT_TRUE(path) << text << ": " << path.error().message;
  return path ? *path : nullptr;
}

std::string selected(const JsonPath& path, const bj::value& document) {
  Steps steps(kPathStepsMax);
  const auto nodes = path.select(document, steps);
  if (!nodes) return std::string(nodes.error().code);
  bj::array list;
  for (const auto* node : *nodes) list.push_back(*node);
  return to_plain_text(list);
}

constexpr std::string_view kDocument = R"({
  "id": 7, "name": "first", "empty": {}, "none": null,
  "items": [{"kind": "a", "size": 1, "tags": ["x", "y"]}, {"kind": "b", "size": 2.5}, {"kind": "a", "size": 3, "deep": {"size": 9}}],
  "big": 18446744073709551615, "words": ["one", "two", "three", "four", "five"], "it's": true
})";

TEST(JsonPath, SelectsAsTheStandardSays) {
  const auto document = value_of(kDocument);
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"$.id", "[7]"},
      {"$['name']", R"(["first"])"},
      {R"($["it's"])", "[true]"},
      {"$['it\\'s']", "[true]"},
      {"$.missing", "[]"},
      {"$.none", "[null]"},
      {"$.empty.x", "[]"},
      {"$.items[0].kind", R"(["a"])"},
      {"$.items[-1].size", "[3]"},
      {"$.items[9]", "[]"},
      {"$.items[*].size", "[1,2.5,3]"},
      {"$.items[0,0].size", "[1,1]"},
      {"$.words[1:3]", R"(["two","three"])"},
      {"$.words[::-2]", R"(["five","three","one"])"},
      {"$.words[3:0:-1]", R"(["four","three","two"])"},
      {"$.words[::0]", "[]"},
      {"$..size", "[1,2.5,3,9]"},
      {"$.items[?@.kind=='a'].size", "[1,3]"},
      {"$.items[?@.size>1 && @.kind!='b'].size", "[3]"},
      {"$.items[?@.size>=2.5||@.tags].size", "[1,2.5,3]"},
      {"$.items[?!@.tags].size", "[2.5,3]"},
      {"$.items[?(@.size==1||@.size==3)&&@.deep].size", "[3]"},
      {"$.items[?length(@.kind)==1].size", "[1,2.5,3]"},
      {"$.items[?count(@.tags[*])==2].size", "[1]"},
      {"$.items[?value(@..size)==1].size", "[1]"},
      {"$.items[?match(@.kind,'[a]')].size", "[1,3]"},
      {"$.words[?search(@,'e$')]", R"(["one","three","five"])"},
      {"$.words[?match(@,'\\\\d')]", "[]"},
      {"$[?@==18446744073709551615]", "[18446744073709551615]"},
      {"$[?@==18446744073709551616.0]", "[]"},
      {"$.items[?@.missing==$.missing].size", "[1,2.5,3]"},
      {"$.items[?@.size==$.items[2].size].kind", R"(["a"])"},
  };
  for (const auto& [path, expected] : cases) {
    const auto one = compiled(path);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(selected(*one, document), expected) << path;
  }
}

TEST(JsonPath, SaysWhereAPathIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "at offset 0: "},
      {"data.x", "at offset 0: "},
      {"$.", "at offset 2: "},
      {"$.a[", "at offset 4: "},
      {"$.a b", "at offset 3: "},
      {"$.a[01]", "at offset 4: "},
      {"$['a", "at offset 2: "},
      {"$['\\x']", "at offset 3: "},
      {"$[?@.a=1]", "at offset 6: "},
      {"$[?@.a==@.*]", "at offset 8: "},
      {"$[?nope(@)]", "at offset 3: "},
      {"$[?length(@.a)]", "at offset 3: "},
      {"$[?count(@.a,@.b)==1]", "at offset 3: "},
      {"$[?'a']", "at offset 3: "},
      {"$[?@.a==1e999]", "at offset 8: "},
  };
  for (const auto& [text, place] : cases) {
    const auto path = JsonPath::compile(text, "include/0/path");
    ASSERT_FALSE(path) << text;
    EXPECT_EQ(path.error().field, "include/0/path");
    EXPECT_EQ(path.error().code, "invalid_path");
    EXPECT_TRUE(path.error().message.starts_with(place)) << text << ": " << path.error().message;
  }
  EXPECT_EQ(JsonPath::compile("$." + std::string(kPathBytesMax, 'a'), "path").error().code, "too_long");
  EXPECT_EQ(JsonPath::compile("$.\xff", "path").error().code, "invalid_path");
}

TEST(JsonPath, BoundsNesting) {
  const auto nested = [](std::size_t levels) {
    std::string text = "$";
    for (std::size_t i = 0; i < levels; ++i) text += "[?@";
    for (std::size_t i = 0; i < levels; ++i) text += "]";
    return text;
  };
  const auto parentheses = [](std::size_t levels) {
    return "$[?" + std::string(levels, '(') + "@.a" + std::string(levels, ')') + "]";
  };
  EXPECT_TRUE(JsonPath::compile(nested(kPathNestingMax), "path"));
  EXPECT_FALSE(JsonPath::compile(nested(kPathNestingMax + 1), "path"));
  EXPECT_TRUE(JsonPath::compile(parentheses(kPathNestingMax - 1), "path"));
  EXPECT_FALSE(JsonPath::compile(parentheses(kPathNestingMax), "path"));
}

TEST(JsonPath, StopsWhatCostsTooMuch) {
  std::string text = "[";
  for (int i = 0; i < 2000; ++i) text += (i > 0 ? ",{\"a\":[" : "{\"a\":[") + std::to_string(i) + "]}";
  const auto document = value_of(text + "]");
  for (const std::string_view path : {"$..[?$..[?$..[?@.x]]]", "$[*,*,*,*][*,*,*,*][*,*,*,*,*,*,*,*]", "$[?count($..*)>0]",
                                      "$[?search($[0].a, value(@..x))||$..[?@==$]]"}) {
    const auto one = compiled(path);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(selected(*one, document), "too_costly") << path;
  }
  EXPECT_EQ(selected(*compiled("$[1999].a[0]"), document), "[1999]");
}

TEST(JsonPath, KnowsSingularPathsByOneText) {
  const auto document = value_of(kDocument);
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"$", "$"},
      {"$.items[0].kind", "$['items'][0]['kind']"},
      {"$ ['items'] [ 0 ] [\"kind\"]", "$['items'][0]['kind']"},
      {"$[\"it's\"]", "$['it\\'s']"},
      {"$['\\u0041\\n\\u0001']", "$['A\\n\\u0001']"},
  };
  for (const auto& [text, canonical] : cases) {
    const auto path = compiled(text);
    ASSERT_TRUE(path->singular()) << text;
    EXPECT_EQ(path->canonical(), canonical);
    EXPECT_EQ(compiled(canonical)->canonical(), canonical);
    EXPECT_EQ(path->find(document), compiled(canonical)->find(document));
  }
  for (const std::string_view text : {"$.*", "$..a", "$[0,1]", "$[0:1]", "$[?@.a]"}) EXPECT_FALSE(compiled(text)->singular());
  EXPECT_EQ(compiled("$.items[0].missing")->find(document), nullptr);
  EXPECT_EQ(compiled("$")->find(document), &document);
}

TEST(JsonPath, ReadsAliasesOfTheFirstMemberOnly) {
  constexpr PathAlias kAliases[] = {{"Data", "data"}, {"Topic", "topic"}};
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"$.Data.Data", "$['data']['Data']"}, {"$['Topic']", "$['topic']"}, {"$.data", "$['data']"}, {"$.Other", "$['Other']"}};
  for (const auto& [text, canonical] : cases) EXPECT_EQ(compiled(text, kAliases)->canonical(), canonical);
  const auto document = value_of(R"({"data":[1,2],"wanted":[2],"x":{"Data":3}})");
  EXPECT_EQ(selected(*compiled("$.Data[?@==$.wanted[0]]", kAliases), document), "[2]");
  EXPECT_EQ(selected(*compiled("$.wanted[?@==$.Data[1]]", kAliases), document), "[2]");
  EXPECT_EQ(selected(*compiled("$..Data", kAliases), document), "[3]");
}

// --- the public compliance suite (jsonpath-standard), where it is present ---

std::string read_suite() {
  const char* folder = std::getenv("POSTHORN_VECTORS");
  std::ifstream file(std::string(folder != nullptr ? folder : POSTHORN_VECTORS) + "/jsonpath/cts.json");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string quoted_name(std::string_view name) {
  std::string path = compiled("$[" + bj::serialize(bj::value(name)) + "]")->canonical();
  return path.substr(1);
}

void name_nodes(const bj::value& node, const std::string& path, std::map<const bj::value*, std::string>& paths) {
  paths[&node] = path;
  if (const auto* array = node.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) name_nodes((*array)[i], path + "[" + std::to_string(i) + "]", paths);
  } else if (const auto* object = node.if_object()) {
    for (const auto& member : *object) name_nodes(member.value(), path + quoted_name(member.key()), paths);
  }
}

bool is_one_of(const bj::value& given, const bj::object& test, std::string_view one, std::string_view several) {
  Steps steps(kPathStepsMax);
  if (const auto* expected = test.if_contains(one)) return equal(given, *expected, steps);
  const auto& list = test.at(several).as_array();
  return std::any_of(list.begin(), list.end(), [&](const bj::value& expected) { return equal(given, expected, steps); });
}

void run_suite_test(const bj::object& test) {
  const std::string_view name = test.at("name").as_string();
  const std::string_view selector = test.at("selector").as_string();
  const auto path = JsonPath::compile(selector, "path");
  if (test.contains("invalid_selector")) {
    EXPECT_FALSE(path) << name << ": " << selector;
    return;
  }
  ASSERT_TRUE(path) << name << ": " << selector << ": " << path.error().message;
  const auto& document = test.at("document");
  Steps steps(kPathStepsMax);
  const auto nodes = (*path)->select(document, steps);
  ASSERT_TRUE(nodes) << name;
  std::map<const bj::value*, std::string> names;
  name_nodes(document, "$", names);
  bj::array values;
  bj::array places;
  for (const auto* node : *nodes) {
    values.push_back(*node);
    places.emplace_back(names.at(node));
  }
  EXPECT_TRUE(is_one_of(values, test, "result", "results")) << name << ": " << selector << ": " << bj::serialize(values);
  EXPECT_TRUE(is_one_of(places, test, "result_paths", "results_paths")) << name << ": " << bj::serialize(places);
}

TEST(JsonPath, PassesThePublicComplianceSuite) {
  const std::string text = read_suite();
  if (text.empty()) GTEST_SKIP() << "skipped: vectors not present";
  const auto suite = value_of(text);
  const auto& tests = suite.at("tests").as_array();
  ASSERT_GT(tests.size(), 600U);
  for (const auto& test : tests) run_suite_test(test.as_object());
}

}  // namespace
}  // namespace posthorn::json
