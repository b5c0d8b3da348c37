#include "api/native/publish_input.h"

#include <gtest/gtest.h>

namespace posthorn::api::native {
namespace {

TEST(ReadEvent, LeavesTheDataWhereItStands) {
  const std::string body = R"( {"data" : { "a" : 1.0e2, "a":2 } ,"topic":"document.created"} )";
  const auto event = read_event(body, {"key", "trace"});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->topic, "document.created");
  EXPECT_EQ(event->data, R"({ "a" : 1.0e2, "a":2 })");
  EXPECT_EQ(event->data.data(), body.data() + body.find("{ \"a\""));
  EXPECT_EQ(event->idempotency_key, "key");
  EXPECT_EQ(event->traceparent, "trace");
  EXPECT_FALSE(event->time);
}

TEST(ReadEvent, TakesAnyJsonValueAsData) {
  for (const std::string_view data : {"null", "0", "-1.5e300", "\"\"", "\"\\u00fc\"", "[]", "{}", "true", "[[[]]]"}) {
    const std::string body = R"({"topic":"a","data":)" + std::string(data) + "}";
    const auto event = read_event(body, {});
    ASSERT_TRUE(event) << data;
    EXPECT_EQ(event->data, data);
  }
}

TEST(ReadEvent, ReadsTheOptionalMembersAndTakesNullForAbsent) {
  const std::string full =
      R"({"topic":"a","data":1,"id":"x-1","time":"2026-01-31T23:59:59.1Z","user":"\u00fcser","scope":"s"})";
  const auto event = read_event(full, {});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->external_id, "x-1");
  EXPECT_EQ(event->user, "üser");
  EXPECT_EQ(event->scope, "s");
  EXPECT_EQ(to_rfc3339(*event->time), "2026-01-31T23:59:59.100Z");
  const std::string nulls = R"({"topic":"a","data":1,"id":null,"time":null,"user":null,"scope":null})";
  const auto bare = read_event(nulls, {});
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->external_id + bare->user + bare->scope, "");
  EXPECT_FALSE(bare->time);
}

TEST(ReadEvent, ReadsNamesThatAreWrittenWithEscapes) {
  const std::string body = R"({"t\u006fpic":"a","d\u0061ta":1})";
  const auto event = read_event(body, {});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->topic, "a");
  const std::string twice = R"({"topic":"a","t\u006fpic":"b","data":1})";
  EXPECT_FALSE(read_event(twice, {}));
}

struct Refusal {
  std::string body;
  ErrorKind kind;
  std::string field;
};

TEST(ReadEvent, NamesWhatItRefuses) {
  const std::vector<Refusal> rows{
      {R"({"data":1})", ErrorKind::invalid_argument, "topic"},
      {R"({"topic":null,"data":1})", ErrorKind::invalid_argument, "topic"},
      {R"({"topic":"a"})", ErrorKind::invalid_argument, "data"},
      {R"({"topic":5,"data":1})", ErrorKind::invalid_argument, "topic"},
      {R"({"topic":"","data":1})", ErrorKind::invalid_argument, "topic"},
      {R"({"topic":")" + std::string(257, 'a') + R"(","data":1})", ErrorKind::invalid_argument, "topic"},
      {R"({"topic":"a","data":1,"id":5})", ErrorKind::invalid_argument, "id"},
      {R"({"topic":"a","data":1,"id":""})", ErrorKind::invalid_argument, "id"},
      {R"({"topic":"a","data":1,"time":"yesterday"})", ErrorKind::invalid_argument, "time"},
      {R"({"topic":"a","data":1,"time":1700000000})", ErrorKind::invalid_argument, "time"},
      {R"({"topic":"a","data":1,"user":["x"]})", ErrorKind::invalid_argument, "user"},
      {R"({"topic":"a","data":1,"scope":true})", ErrorKind::invalid_argument, "scope"},
      {R"({"topic":"a","data":1,"dat\u0061x":1})", ErrorKind::invalid_argument, "datax"},
      {R"({"topic":"a","data":1,"topic":"b"})", ErrorKind::malformed, "topic"},
      {R"({"topic":"a","data":})", ErrorKind::malformed, ""},
      {R"([])", ErrorKind::invalid_argument, ""},
      {"", ErrorKind::malformed, ""},
  };
  for (const auto& row : rows) {
    const auto event = read_event(row.body, {});
    ASSERT_FALSE(event) << row.body;
    EXPECT_EQ(event.error().kind, row.kind) << row.body;
    EXPECT_EQ(event.error().field, row.field) << row.body;
  }
}

TEST(ReadBatch, GivesEachEventsBytes) {
  const std::string body = R"({"events":[ {"a":1} ,5,[]]})";
  const auto events = read_batch(body);
  ASSERT_TRUE(events);
  EXPECT_EQ(*events, (std::vector<std::string_view>{R"({"a":1})", "5", "[]"}));
}

TEST(ReadBatch, IsBoundedAndStrict) {
  std::string many = R"({"events":[1)";
  for (int i = 1; i < 1000; ++i) many += ",1";
  EXPECT_EQ(read_batch(many + "]}")->size(), 1000u);
  for (const std::string& body : std::vector<std::string>{many + ",1]}", R"({"events":{}})", R"({"events":null})", "{}",
                                                          R"({"events":[],"more":1})", "[]"}) {
    const auto events = read_batch(body);
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().kind, ErrorKind::invalid_argument);
  }
  EXPECT_EQ(read_batch(R"({"events":[1,]})").error().kind, ErrorKind::malformed);
}

TEST(ReadPublishHeaders, CountsTheDeliveriesThatLedToTheCallUpToTheirLimit) {
  const struct {
    std::vector<std::string_view> values;
    std::optional<std::uint32_t> hops;
    std::string_view code;
  } table[] = {
      {{}, 0, ""},
      {{"0"}, 0, ""},
      {{"1"}, 1, ""},
      {{"9"}, 9, ""},
      {{"2", "7", "3"}, 7, ""},
      {{"10"}, std::nullopt, "too_many_hops"},
      {{"1", "4000000000"}, std::nullopt, "too_many_hops"},
      {{"99999999999999999999"}, std::nullopt, "invalid_value"},
      {{""}, std::nullopt, "invalid_value"},
      {{"-1"}, std::nullopt, "invalid_value"},
      {{"1 2"}, std::nullopt, "invalid_value"},
  };
  for (const auto& row : table) {
    net::HeaderViews headers;
    for (const auto value : row.values) headers.add("Posthorn-Hops", value);
    const auto read = read_publish_headers(headers, 10);
    ASSERT_EQ(read.has_value(), row.hops.has_value());
    if (read) {
      EXPECT_EQ(read->hops, *row.hops);
      EXPECT_EQ(read_event(R"({"topic":"a","data":1})", *read)->hops, *row.hops);
    } else {
      EXPECT_EQ(read.error().code, row.code);
      EXPECT_EQ(read.error().field, "posthorn-hops");
    }
  }
}

TEST(ReadPublishHeaders, ChecksTheIdempotencyKey) {
  net::HeaderViews headers;
  EXPECT_EQ(read_publish_headers(headers, 10)->idempotency_key, "");
  headers.add("idempotency-key", "0123456789");
  headers.add("Traceparent", "t");
  EXPECT_EQ(read_publish_headers(headers, 10)->idempotency_key, "0123456789");
  EXPECT_EQ(read_publish_headers(headers, 10)->traceparent, "t");
  EXPECT_EQ(read_publish_headers(headers, 9).error().field, "Idempotency-Key");
  headers.add("Idempotency-Key", "x");
  EXPECT_FALSE(read_publish_headers(headers, 10));
  for (const std::string_view value : {"", "a b", "\xc3\xbc", "a\tb"}) {
    net::HeaderViews one;
    one.add("Idempotency-Key", value);
    EXPECT_FALSE(read_publish_headers(one, 10)) << value;
  }
}

}  // namespace
}  // namespace posthorn::api::native
