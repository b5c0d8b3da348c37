#include "domain/outbound/batch.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

EventPtr event(std::int64_t key, std::string payload, std::string external_id = "") {
  Event event;
  event.id = {{key}, 5};
  event.topic = "a.b";
  event.time = Timestamp(Milliseconds(1'700'000'000'000));
  event.payload = std::move(payload);
  event.external_id = std::move(external_id);
  return std::make_shared<const Event>(std::move(event));
}

TEST(Batch, IsAnArrayOfWhatEachEventWouldBe) {
  const auto first = event(1, R"({"n": 1.0})", "mine-1");
  const auto second = event(2, "");
  EXPECT_EQ(render_batch(Format::standard, {first, second}, "acme"),
            R"([{"id":"mine-1","type":"a.b","timestamp":"2023-11-14T22:13:20.000Z","data":{"n": 1.0}},{"id":")" +
                to_text(second->id) + R"(","type":"a.b","timestamp":"2023-11-14T22:13:20.000Z","data":null}])");
  EXPECT_EQ(render_batch(Format::raw, {first, second}, "acme"), R"([{"n": 1.0},null])");
  EXPECT_EQ(render_batch(Format::raw, {first}, "acme"), R"([{"n": 1.0}])");
}

TEST(Batch, OfCloudEventsIsTheirJsonBatchFormat) {
  EXPECT_EQ(render_batch(Format::cloudevents, {event(1, R"({"n": 1.0})", "mine-1"), event(2, "7", "mine-2")}, "acme"),
            R"([{"specversion":"1.0","id":"mine-1","source":"/tenants/acme","type":"a.b","time":"2023-11-14T22:13:20.000Z",)"
            R"("datacontenttype":"application/json","data":{"n": 1.0}},)"
            R"({"specversion":"1.0","id":"mine-2","source":"/tenants/acme","type":"a.b","time":"2023-11-14T22:13:20.000Z",)"
            R"("datacontenttype":"application/json","data":7}])");
  EXPECT_EQ(batch_content_type(Format::cloudevents), "application/cloudevents-batch+json");
  EXPECT_EQ(batch_content_type(Format::standard), "application/json");
  EXPECT_FALSE(can_batch(Format::cloudevents_binary));
}

TEST(Batch, HasAnIdThatOnlyTheSameDeliveriesHave) {
  const DeliveryId a{{1}, 2};
  const DeliveryId b{{2}, 2};
  EXPECT_EQ(batch_id({a, b}), batch_id({a, b}));
  EXPECT_NE(batch_id({a, b}), batch_id({b, a}));
  EXPECT_NE(batch_id({a, b}), batch_id({a}));
  EXPECT_EQ(batch_id({a}).size(), 38u);
}

}  // namespace
}  // namespace posthorn::domain
