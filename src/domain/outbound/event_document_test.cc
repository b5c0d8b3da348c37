#include "domain/outbound/event_document.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "json/reader.h"

namespace posthorn::domain {
namespace {

Event event_with(std::string payload) {
  Event event;
  event.external_id = "order-1";
  event.topic = "order.paid";
  event.time = Timestamp(Milliseconds(1'700'000'000'123));
  event.payload = std::move(payload);
  return event;
}

TEST(EventDocument, HasWhatPredicatesMaySee) {
  Event event = event_with(R"({"a":[1,"x"]})");
  event.user = "u1";
  event.scope = "s1";
  EventDocument document(event, "acme");
  EXPECT_EQ(document.value(), *json::parse(R"({"id":"order-1","topic":"order.paid","tenant":"acme",
      "time":"2023-11-14T22:13:20.123Z","userId":"u1","scope":"s1","data":{"a":[1,"x"]}})"));
  EXPECT_EQ(&document.value(), &document.value());
}

TEST(EventDocument, LeavesOutWhatTheEventDoesNotHave) {
  const Event event = event_with("");
  EventDocument document(event, "acme");
  const auto& object = document.value().as_object();
  for (const auto name : {"userId", "scope", "data"}) EXPECT_FALSE(object.contains(name)) << name;
}

TEST(EventDocument, TakesTheLastOfRepeatedMembers) {
  const Event event = event_with(R"({"a":1,"a":2})");
  EventDocument document(event, "acme");
  EXPECT_EQ(document.value().at("data").at("a"), 2);
}

TEST(EventDocument, MakesKeysOfScalars) {
  const Event event = event_with(R"({"n":1.0,"s":"1","l":[]})");
  EventDocument document(event, "acme");
  const auto key = [&](std::string_view path) { return document.key_of(**json::JsonPath::compile(path, "path")); };
  EXPECT_EQ(key("$.data.n"), json::scalar_key(1));
  EXPECT_EQ(key("$.data.s"), json::scalar_key("1"));
  EXPECT_NE(key("$.data.s"), key("$.data.n"));
  EXPECT_EQ(key("$.topic"), json::scalar_key("order.paid"));
  EXPECT_EQ(key("$.data.l"), std::nullopt);
  EXPECT_EQ(key("$.data.missing"), std::nullopt);
}

}  // namespace
}  // namespace posthorn::domain
