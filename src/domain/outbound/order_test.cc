#include "domain/outbound/order.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

Order keyed(const std::string& path) {
  Order order{Order::Mode::keyed, path};
  order.path = *json::JsonPath::compile(path, "order/key");
  return order;
}

std::optional<std::int64_t> key(const Order& order, std::string payload, std::string topic = "a.b") {
  Event event;
  event.topic = std::move(topic);
  event.payload = std::move(payload);
  EventDocument document(event, "acme");
  return order_key(order, document);
}

TEST(OrderKey, IsNoneOneForAllOrOneForEachValue) {
  EXPECT_EQ(key({}, "{}"), std::nullopt);
  const Order fifo{Order::Mode::fifo, {}};
  EXPECT_EQ(key(fifo, R"({"id":1})"), key(fifo, R"({"id":2})"));
  ASSERT_TRUE(key(fifo, "{}"));
  const Order by_id = keyed("$.data.id");
  EXPECT_EQ(key(by_id, R"({"id":1})"), key(by_id, R"({"id":1,"other":2})"));
  EXPECT_NE(key(by_id, R"({"id":1})"), key(by_id, R"({"id":2})"));
  EXPECT_NE(key(by_id, R"({"id":1})"), key(fifo, R"({"id":1})"));
  EXPECT_NE(key(keyed("$.topic"), "{}", "a"), key(keyed("$.topic"), "{}", "b"));
}

TEST(OrderKey, TellsTypesApart) {
  const Order by_id = keyed("$.data.id");
  const char* const different[] = {R"({"id":1})",
                                   R"({"id":"1"})",
                                   R"({"id":true})",
                                   R"({"id":"true"})",
                                   R"({"id":null})",
                                   R"({"id":""})",
                                   R"({"id":18446744073709551615})",
                                   R"({"id":9223372036854775807})",
                                   "{}"};
  for (const char* left : different) {
    for (const char* right : different) EXPECT_EQ(key(by_id, left) == key(by_id, right), left == right) << left << right;
  }
  EXPECT_EQ(key(by_id, R"({"id":1})"), key(by_id, R"({"id":1.0})"));
  EXPECT_EQ(key(by_id, R"({"id":1})"), key(by_id, R"({"id":1e0})"));
}

TEST(OrderKey, PutsEventsWithoutAScalarThereIntoOneSequence) {
  const Order by_id = keyed("$.data.id");
  EXPECT_EQ(key(by_id, "{}"), key(by_id, R"({"id":[1]})"));
  EXPECT_EQ(key(by_id, "{}"), key(by_id, R"({"id":{"a":1}})"));
  EXPECT_EQ(key(by_id, "{}"), key(by_id, "7"));
  EXPECT_EQ(key(by_id, "{}"), key(by_id, ""));
}

}  // namespace
}  // namespace posthorn::domain
