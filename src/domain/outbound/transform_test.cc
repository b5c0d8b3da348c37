#include "domain/outbound/transform.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "domain/outbound/subscription_document.h"

namespace posthorn::domain {
namespace {

Event sample_event() {
  Event event;
  event.external_id = "evt \"1\"";
  event.topic = "document.made";
  event.time = Timestamp(Milliseconds(1'700'000'000'123));
  event.user = "u1";
  event.payload = R"({"n": 9007199254740993})";
  return event;
}

TEST(TransformInput, IsTheEventWithItsRenderedBody) {
  EXPECT_EQ(transform_input(sample_event(), "acme", R"({"type":"x"})"),
            R"({"id":"evt \"1\"","topic":"document.made","time":"2023-11-14T22:13:20.123Z","tenant":"acme","userId":"u1",)"
            R"("scope":null,"data":{"n": 9007199254740993},"payload":{"type":"x"}})");
}

TEST(TransformInput, IsJsonWhateverIsMissing) {
  const Event event;
  EXPECT_TRUE(boost::json::parse(transform_input(event, "", "")).is_object());
}

TEST(Transformed, TakesPayloadHeadersAndCancel) {
  struct Case {
    std::string result;
    Transformed expected;
  };
  const Case table[] = {
      {R"({"payload":{"a": 1.0 }})", {R"({"a": 1.0 })", {}, false}},
      {R"({"payload":null})", {"null", {}, false}},
      {R"({"payload":"text"})", {R"("text")", {}, false}},
      {R"({"headers":{"x-a":"b","X-C":""}})", {std::nullopt, {{"x-a", "b"}, {"X-C", ""}}, false}},
      {R"({"cancel":true})", {std::nullopt, {}, true}},
      {R"({"cancel":false,"payload":[],"headers":{}})", {"[]", {}, false}},
  };
  for (const auto& one : table) {
    const auto read = read_transformed(one.result);
    ASSERT_TRUE(read) << one.result << ": " << read.error().message;
    EXPECT_EQ(*read, one.expected) << one.result;
  }
}

TEST(Transformed, RefusesEveryOtherShape) {
  struct Case {
    std::string result;
    std::string field;
  };
  const Case table[] = {
      {"null", ""},
      {"1", ""},
      {R"("text")", ""},
      {"[]", ""},
      {"{}", ""},
      {"", ""},
      {"{", ""},
      {R"({"payload":1} x)", ""},
      {R"({"payload":1,"payload":2})", ""},
      {R"({"text":"a body by itself"})", "text"},
      {R"({"payload":1,"url":"https://elsewhere.example"})", "url"},
      {R"({"cancel":1})", "cancel"},
      {R"({"cancel":null})", "cancel"},
      {R"({"headers":[]})", "headers"},
      {R"({"headers":{"x-a":1}})", "headers/x-a"},
      {R"({"headers":{"x a":"1"}})", "headers/x a"},
      {R"({"headers":{"x-a":"1\r\nx-b: 2"}})", "headers/x-a"},
      {R"({"headers":{"host":"elsewhere.example"}})", "headers/host"},
      {R"({"headers":{"Content-Length":"1"}})", "headers/Content-Length"},
      {R"({"headers":{"webhook-id":"1"}})", "headers/webhook-id"},
      {R"({"headers":{"X-a":"1","x-A":"2"}})", "headers/x-A"},
      {R"({"payload":)" + std::string(100, '[') + std::string(100, ']') + "}", ""},
  };
  for (const auto& one : table) {
    const auto read = read_transformed(one.result);
    ASSERT_FALSE(read) << one.result;
    EXPECT_EQ(read.error().field, one.field) << one.result;
    EXPECT_FALSE(read.error().message.empty());
  }
}

TEST(TransformDocument, ReadsAndWritesItself) {
  const auto read = [](const std::string& text) {
    return read_settings(boost::json::parse(text).get_object(), SubscriptionSettings());
  };
  const auto settings =
      read(R"({"url":"https://a.example","topics":["a"],"transform":{"language":"jq","code":"{payload: .data}"}})");
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->transform, (Transform{Transform::Language::jq, "{payload: .data}"}));
  const auto again = decode_settings(encode_settings(*settings));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *settings);
  const auto none = read_settings(boost::json::parse(R"({"transform":null})").get_object(), *settings);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->transform);

  const std::pair<const char*, const char*> refused[] = {
      {R"({"transform":1})", "transform"},
      {R"({"transform":{"language":"jq"}})", "transform/code"},
      {R"({"transform":{"code":"."}})", "transform/language"},
      {R"({"transform":{"language":"perl","code":"."}})", "transform/language"},
      {R"({"transform":{"language":"jq","code":""}})", "transform/code"},
      {R"({"transform":{"language":"jq","code":".","x":1}})", "transform/x"},
  };
  for (const auto& [text, field] : refused) {
    const auto bad = read(text);
    ASSERT_FALSE(bad) << text;
    EXPECT_EQ(bad.error().field, field) << text;
  }
  std::string long_code(kScriptSourceBytesMax + 1, 'x');
  EXPECT_FALSE(read(R"({"transform":{"language":"jq","code":")" + long_code + "\"}}"));
}

}  // namespace
}  // namespace posthorn::domain
