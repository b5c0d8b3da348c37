#include "api/kit/body.h"

#include <gtest/gtest.h>

namespace posthorn::api {
namespace {

TEST(ReadObject, TellsWhatIsNotJsonFromWhatIsNotAnObject) {
  EXPECT_TRUE(read_object("{}"));
  EXPECT_EQ(read_object(R"({"a":1})")->at("a").as_int64(), 1);
  for (const std::string text : {"", "{", "{\"a\":1,}", "{\"a\":1}x", "\xff", "{\"a\":1,\"a\":2}"}) {
    const auto object = read_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().kind, ErrorKind::malformed) << text;
  }
  for (const std::string text : {"[]", "null", "1", "\"x\"", "true"}) {
    const auto object = read_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().kind, ErrorKind::invalid_argument) << text;
  }
}

TEST(RawDocument, KeepsTheBytesAsTheyCame) {
  const std::string body = R"({ "x" : 1, "schema" :  { "a": 1.50 , "b":12345678901234567890123 } })";
  EXPECT_EQ(raw_document(body, "schema"), R"({ "a": 1.50 , "b":12345678901234567890123 })");
  EXPECT_EQ(raw_document(body, "other"), "");
  EXPECT_EQ(raw_document(R"({"schema":null})", "schema"), "");
  EXPECT_EQ(raw_document(R"({"sch\u0065ma":[1]})", "schema"), "[1]");
}

TEST(IsJsonMediaType, AcceptsJsonInUtf8Only) {
  for (const std::string type :
       {"", "application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8",
        "application/json ; charset=\"utf-8\"", "application/json;"}) {
    EXPECT_TRUE(is_json_media_type(type)) << type;
  }
  for (const std::string type :
       {"text/plain", "application/xml", "application/json; charset=latin1", "application/jsonx", "json",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/*"}) {
    EXPECT_FALSE(is_json_media_type(type)) << type;
  }
}

}  // namespace
}  // namespace posthorn::api
