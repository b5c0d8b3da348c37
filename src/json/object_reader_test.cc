#include <gtest/gtest.h>

#include <limits>

#include "json/reader.h"

namespace posthorn::json {
namespace {

// Reads one object with `read` and gives back the reader's error, or an empty one.
template <class Read>
Error read_error(std::string_view text, Read read, std::string path = "retry") {
  const auto value = parse(text);
  EXPECT_TRUE(value) << text;
  ObjectReader reader(value->as_object(), std::move(path));
  read(reader);
  return reader.ok() ? Error{} : reader.error();
}

void expect_error(const Error& error, std::string_view code, std::string_view field, std::string_view message) {
  EXPECT_EQ(error.kind, ErrorKind::invalid_argument);
  EXPECT_EQ(error.code, code);
  EXPECT_EQ(error.field, field);
  EXPECT_EQ(error.message, message);
}

TEST(ObjectReader, ReadsEveryKindOfMember) {
  const auto value =
      parse(R"({"s":"text","o":"some","n":null,"b":true,"i":-5,"whole":5.0,"f":0.25,"fi":3,"obj":{},"arr":[1]})");
  ObjectReader reader(value->as_object(), "");
  std::string s;
  std::optional<std::string> o, n = "before", absent = "before";
  bool b = false;
  std::int64_t i = 0, whole = 0;
  double f = 0, fi = 0;
  reader.required("s")
      .string("s", s, 10)
      .optional_string("o", o, 10)
      .optional_string("n", n, 10)
      .optional_string("no", absent, 10);
  reader.boolean("b", b).integer("i", i, -10, 10).integer("whole", whole, 0, 10).number("f", f, 0, 1).number("fi", fi, 0, 5);
  EXPECT_NE(reader.object("obj"), nullptr);
  ASSERT_NE(reader.array("arr", 1), nullptr);
  EXPECT_EQ(reader.array("arr", 1)->size(), 1U);
  EXPECT_EQ(reader.object("absent"), nullptr);
  EXPECT_EQ(reader.array("absent", 1), nullptr);
  EXPECT_EQ(reader.member("absent"), nullptr);
  reader.only_these();
  ASSERT_TRUE(reader.ok()) << reader.error().field << reader.error().message;
  EXPECT_EQ(s, "text");
  EXPECT_EQ(o, "some");
  EXPECT_EQ(n, std::nullopt);
  EXPECT_EQ(absent, "before");
  EXPECT_TRUE(b);
  EXPECT_EQ(i, -5);
  EXPECT_EQ(whole, 5);
  EXPECT_EQ(f, 0.25);
  EXPECT_EQ(fi, 3);
}

TEST(ObjectReader, LeavesTargetsAloneWhenAbsentOrWrong) {
  const auto value = parse(R"({"s":1,"b":"x","i":99,"f":"x"})");
  ObjectReader reader(value->as_object(), "");
  std::string s = "before";
  bool b = true;
  std::int64_t i = 7;
  double f = 7;
  reader.string("s", s, 10).string("absent", s, 10).boolean("b", b).integer("i", i, 0, 10).number("f", f, 0, 10);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(s, "before");
  EXPECT_TRUE(b);
  EXPECT_EQ(i, 7);
  EXPECT_EQ(f, 7);
}

TEST(ObjectReader, ExplainsWrongIntegers) {
  std::int64_t n = 0;
  const auto read = [&](ObjectReader& r) { r.integer("baseMs", n, 1, 86'400'000); };
  const std::string wanted = "must be a whole number from 1 to 86400000";
  for (const auto* text : {"0", "-1", "86400001", "1.5", "1e300", "18446744073709551615", "1e18"}) {
    expect_error(read_error("{\"baseMs\":" + std::string(text) + "}", read), "out_of_range", "retry/baseMs", wanted);
  }
  const std::pair<const char*, const char*> wrong[] = {
      {"\"5\"", "a string"}, {"null", "null"}, {"true", "true or false"}, {"[]", "an array"}, {"{}", "an object"}};
  for (const auto& [text, kind] : wrong) {
    expect_error(read_error("{\"baseMs\":" + std::string(text) + "}", read), "wrong_type", "retry/baseMs",
                 wanted + ", not " + kind);
  }
  EXPECT_EQ(read_error(R"({"baseMs":86400000})", read).code, "");
  EXPECT_EQ(n, 86'400'000);
  EXPECT_EQ(read_error(R"({"baseMs":1e3})", read).code, "");
  EXPECT_EQ(n, 1000);
  EXPECT_EQ(read_error(R"({"baseMs":-9223372036854775808})",
                       [&](ObjectReader& r) { r.integer("baseMs", n, std::numeric_limits<std::int64_t>::min(), 0); })
                .code,
            "");
  EXPECT_EQ(n, std::numeric_limits<std::int64_t>::min());
}

TEST(ObjectReader, ExplainsWrongNumbersBooleansAndContainers) {
  double f = 0;
  bool b = false;
  const auto number = [&](ObjectReader& r) { r.number("jitter", f, 0, 0.5); };
  expect_error(read_error(R"({"jitter":0.51})", number), "out_of_range", "retry/jitter", "must be a number from 0 to 0.5");
  expect_error(read_error(R"({"jitter":"x"})", number), "wrong_type", "retry/jitter",
               "must be a number from 0 to 0.5, not a string");
  expect_error(read_error(R"({"on":1})", [&](ObjectReader& r) { r.boolean("on", b); }), "wrong_type", "retry/on",
               "must be true or false, not a number");
  expect_error(read_error(R"({"o":[]})", [](ObjectReader& r) { r.object("o"); }), "wrong_type", "retry/o",
               "must be an object, not an array");
  expect_error(read_error(R"({"o":null})", [](ObjectReader& r) { r.object("o"); }), "wrong_type", "retry/o",
               "must be an object, not null");
  expect_error(read_error(R"({"a":{}})", [](ObjectReader& r) { r.array("a", 3); }), "wrong_type", "retry/a",
               "must be an array, not an object");
  expect_error(read_error(R"({"a":[1,2,3,4]})", [](ObjectReader& r) { r.array("a", 3); }), "too_long", "retry/a",
               "must have at most 3 items");
  expect_error(read_error(R"({"a":[1,2]})", [](ObjectReader& r) { r.array("a", 1); }), "too_long", "retry/a",
               "must have at most 1 item");
}

TEST(ObjectReader, ExplainsWrongStrings) {
  std::string s;
  std::optional<std::string> o;
  const auto text = [&](ObjectReader& r) { r.string("name", s, 5, 2); };
  expect_error(read_error(R"({"name":"abcdef"})", text), "too_long", "retry/name", "must be at most 5 bytes long");
  expect_error(read_error("{\"name\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"}", text), "too_long", "retry/name",
               "must be at most 5 bytes long");
  expect_error(read_error(R"({"name":""})", text), "too_short", "retry/name", "must not be empty");
  expect_error(read_error(R"({"name":"a"})", text), "too_short", "retry/name", "must be at least 2 bytes long");
  expect_error(read_error(R"({"name":null})", text), "wrong_type", "retry/name", "must be a string, not null");
  const auto optional = [&](ObjectReader& r) { r.optional_string("name", o, 5); };
  expect_error(read_error(R"({"name":"abcdef"})", optional), "too_long", "retry/name", "must be at most 5 bytes long");
  expect_error(read_error(R"({"name":7})", optional), "wrong_type", "retry/name", "must be a string or null, not a number");
  EXPECT_EQ(o, std::nullopt);
  EXPECT_EQ(read_error(R"({"name":""})", [&](ObjectReader& r) { r.string("name", s, 5); }).code, "");
}

TEST(ObjectReader, AsksForRequiredMembers) {
  const auto read = [](ObjectReader& r) { r.required("url"); };
  expect_error(read_error("{}", read, ""), "required", "url", "is required");
  expect_error(read_error(R"({"URL":1})", read, "a/b"), "required", "a/b/url", "is required");
  EXPECT_EQ(read_error(R"({"url":null})", read).code, "");
}

TEST(ObjectReader, RefusesUnknownMembersAndGuesses) {
  const auto read = [](ObjectReader& r) {
    for (const auto name : {"url", "topics", "description", "rateLimit", "timeoutMs", "scope"}) r.member(name);
    r.only_these();
  };
  const std::pair<std::string, std::string> cases[] = {
      {"ulr", "; did you mean \"url\"?"},
      {"URL", "; did you mean \"url\"?"},
      {"urls", "; did you mean \"url\"?"},
      {"topic", "; did you mean \"topics\"?"},
      {"rate_limit", "; did you mean \"rateLimit\"?"},
      {"timeout-ms", "; did you mean \"timeoutMs\"?"},
      {"desciption", "; did you mean \"description\"?"},
      {"secret", ""},
      {"x", ""},
      {"", ""},
  };
  for (const auto& [name, guess] : cases) {
    expect_error(read_error("{\"" + name + "\":1}", read, ""), "unknown_field", name, "unknown field \"" + name + "\"" + guess);
  }
  expect_error(read_error(R"({"url":1,"a/b":1})", read, "s"), "unknown_field", "s/a~1b", "unknown field \"a/b\"");
  EXPECT_EQ(read_error(R"({"url":1,"scope":1})", read).code, "");
  const Error error = read_error("{\"" + std::string(100'000, 'x') + "\":1}", read);
  EXPECT_LT(error.message.size(), 200U) << "long names are shortened";
}

TEST(ObjectReader, KeepsTheFirstError) {
  std::int64_t n = 0;
  const auto read = [&](ObjectReader& r) {
    r.required("a").integer("b", n, 0, 1);
    r.fail(invalid(r.field("c"), "wrong too"));
    r.only_these();
  };
  expect_error(read_error(R"({"b":9,"zzz":1})", read), "required", "retry/a", "is required");
  expect_error(read_error(R"({"a":1,"b":9,"zzz":1})", read), "out_of_range", "retry/b", "must be a whole number from 0 to 1");
}

TEST(ObjectReader, NamesPlacesByPath) {
  const auto value = parse("{}");
  EXPECT_EQ(ObjectReader(value->as_object(), "").field("url"), "url");
  EXPECT_EQ(ObjectReader(value->as_object(), "retry").field("scheduleMs"), "retry/scheduleMs");
  EXPECT_EQ(ObjectReader(value->as_object(), "events/3").field("a~b"), "events/3/a~0b");
}

}  // namespace
}  // namespace posthorn::json
