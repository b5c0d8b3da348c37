// What recorded exchanges cannot show: bytes, large bodies, attempts, many events.
#include <gtest/gtest.h>

#include <set>

#include "api/testing/test_server.h"

namespace posthorn::api::native {
namespace {

using namespace posthorn::api::testing;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kEvents = "/api/v1/tenants/default/events";

class Publishing : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/default/topics/a", "{}").status, 201);
    const Reply made =
        server_.call("POST", "/api/v1/tenants/default/subscriptions", R"({"url":"https://r.example/","topics":["a"]})");
    ASSERT_EQ(made.status, 201);
    subscription_ = made.member("id");
  }

  std::string publish(std::string_view data) {
    const Reply reply = server_.call("POST", kEvents, R"({"topic":"a","data":)" + std::string(data) + "}");
    EXPECT_EQ(reply.status, 202) << reply.body;
    return reply.member("id");
  }

  std::string delivery_of(const std::string& event) {
    const std::string page = server_.call("GET", std::string(kEvents) + "/" + event + "/deliveries").body;
    return page.substr(page.find("\"id\":\"") + 6, 36);
  }

  void record(const std::string& delivery, domain::Attempt attempt, domain::DeliveryState state) {
    server_.record_attempt(*parse_id<DeliveryId>(delivery), *parse_id<SubscriptionId>(subscription_), std::move(attempt),
                           state);
  }

  TestServer server_;
  std::string subscription_;
};

TEST_F(Publishing, KeepsTheDataByteForByte) {
  for (const std::string_view data : {R"({ "b" : 1.50 , "a" : 12345678901234567890123 , "b2":"\u00fc\/" })", "[1, 2,\n\t3]",
                                      "\"text\"", "null", "-0.0e-0", "true"}) {
    const Reply reply = server_.call("GET", std::string(kEvents) + "/" + publish(data));
    EXPECT_NE(reply.body.find("\"data\":" + std::string(data) + "}"), std::string::npos) << reply.body;
  }
}

TEST_F(Publishing, TakesDataUpToTheLimitAndRefusesMore) {
  const std::string most = '"' + std::string(kEventBodyBytesMaxDefault - 2, 'x') + '"';
  const Reply kept = server_.call("GET", std::string(kEvents) + "/" + publish(most));
  EXPECT_NE(kept.body.find(most), std::string::npos);
  const Reply refused = server_.call("POST", kEvents, R"({"topic":"a","data":"x)" + most.substr(1) + "}");
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.field(), "data");
}

TEST_F(Publishing, HandsAcceptedEventsToTheLanesOnce) {
  const Headers key{{"Idempotency-Key", "k"}};
  const std::string body = R"({"topic":"a","data":1})";
  const std::string first = server_.call("POST", kEvents, body, key).body;
  EXPECT_EQ(server_.call("POST", kEvents, body, key).body, first);
  EXPECT_EQ(server_.events_handed_to_lanes(), 1u);
  EXPECT_EQ(server_.call("POST", kEvents, R"({"topic":"b","data":1})").status, 422);
  EXPECT_EQ(server_.events_handed_to_lanes(), 1u);
}

TEST_F(Publishing, ARepeatIsAnsweredAsTheFirstWasWhateverTheCatalogueSaysNow) {
  const std::string batch = std::string(kEvents) + "/batch";
  const Headers key{{"Idempotency-Key", "k"}};
  for (const std::string_view change : {"tightened", "deleted"}) {
    ASSERT_LT(server_.call("PUT", "/api/v1/tenants/default/topics/b", R"({"schema":{}})").status, 300);
    const std::string event = R"({"topic":"b","data":1,"id":")" + std::string(change) + "\"}";
    const std::string keyed = R"({"topic":"b","data":")" + std::string(change) + "\"}";
    const std::string other = R"({"topic":"b","data":"other"})";
    const Headers mine{{"Idempotency-Key", std::string(change)}};
    const Headers batch_key{{"Idempotency-Key", "batch-" + std::string(change)}};
    const Reply by_id = server_.call("POST", kEvents, event);
    const Reply by_key = server_.call("POST", kEvents, keyed, mine);
    const Reply in_batch = server_.call("POST", batch, R"({"events":[)" + keyed + "]}", batch_key);
    ASSERT_EQ(by_id.status, 202);
    ASSERT_EQ(by_key.status, 202);
    ASSERT_NE(in_batch.body.find("\"status\":202"), std::string::npos);
    const auto changed = change == "deleted"
                             ? server_.call("DELETE", "/api/v1/tenants/default/topics/b")
                             : server_.call("PUT", "/api/v1/tenants/default/topics/b", R"({"schema":{"type":"object"}})");
    ASSERT_LT(changed.status, 300) << changed.body;
    EXPECT_EQ(server_.call("POST", kEvents, event).body, by_id.body) << change;
    EXPECT_EQ(server_.call("POST", kEvents, keyed, mine).body, by_key.body) << change;
    const Reply again = server_.call("POST", batch, R"({"events":[)" + keyed + "]}", batch_key);
    EXPECT_EQ(again.body, in_batch.body) << change;
    EXPECT_EQ(server_.call("POST", kEvents, other, mine).status, 409) << "the key was used for another event";
    EXPECT_EQ(server_.call("POST", kEvents, keyed, key).status, 422) << "a new one";
    EXPECT_EQ(server_.call("POST", kEvents, keyed, key).status, 422) << "what was refused is not remembered";
  }
}

TEST_F(Publishing, RemembersAKeyThatCameWithAKnownId) {
  const std::string event = R"({"topic":"a","data":1,"id":"ext-1"})";
  const Reply first = server_.call("POST", kEvents, event, {{"Idempotency-Key", "A1"}});
  EXPECT_EQ(server_.call("POST", kEvents, event, {{"Idempotency-Key", "A2"}}).body, first.body);
  EXPECT_EQ(server_.call("POST", kEvents, R"({"topic":"a","data":99,"id":"ext-2"})", {{"Idempotency-Key", "A2"}}).status, 409);
  const std::string batch = std::string(kEvents) + "/batch";
  const Headers key{{"Idempotency-Key", "B"}};
  const Reply repeated = server_.call("POST", batch, R"({"events":[)" + event + "]}", key);
  EXPECT_NE(repeated.body.find("\"status\":202"), std::string::npos) << repeated.body;
  const Reply other = server_.call("POST", batch, R"({"events":[{"topic":"a","data":99,"id":"ext-2"}]})", key);
  EXPECT_NE(other.body.find("\"status\":409"), std::string::npos) << other.body;
}

TEST_F(Publishing, RefusesWhatHasAFanOutWhileThoseUnfinishedTakeAllTheRoom) {
  for (std::size_t i = 0; i < kFanoutInlineMax; ++i) {
    const auto made =
        server_.call("POST", "/api/v1/tenants/default/subscriptions", R"({"url":"https://r.example/","topics":["a"]})");
    ASSERT_EQ(made.status, 201);
  }
  ASSERT_EQ(server_.call("PUT", "/api/v1/tenants/default/topics/b", "{}").status, 201);
  const Headers key{{"Idempotency-Key", "k"}};
  const std::string body = R"({"topic":"a","data":1})";
  const Reply first = server_.call("POST", kEvents, body, key);
  ASSERT_EQ(first.status, 202);
  {
    const auto all = server_.fanout_room().take_anyway(kFanoutBytesMax);
    const Reply refused = server_.call("POST", kEvents, body);
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_EQ(refused.header("Retry-After"), "5") << refused.body;
    EXPECT_EQ(server_.call("POST", kEvents, body, key).body, first.body) << "a repeat makes no fan-out";
    EXPECT_EQ(server_.call("POST", kEvents, R"({"topic":"b","data":1})").status, 202) << "it has none";
  }
  EXPECT_EQ(server_.call("POST", kEvents, body).status, 202);
}

TEST_F(Publishing, TakesABatchOfAThousand) {
  std::string body = R"({"events":[)";
  for (int i = 0; i < 1000; ++i) body += (i == 0 ? "" : ",") + std::string(R"({"topic":"a","data":)") + std::to_string(i) + "}";
  const Reply reply = server_.call("POST", std::string(kEvents) + "/batch", body + "]}");
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(server_.events_handed_to_lanes(), 1000u);
  std::size_t accepted = 0;
  for (auto at = reply.body.find("\"status\":202"); at != std::string::npos; at = reply.body.find("\"status\":202", at + 1))
    ++accepted;
  EXPECT_EQ(accepted, 1000u);
  const Reply refused = server_.call("POST", std::string(kEvents) + "/batch", body + R"(,{"topic":"a","data":0}]})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(refused.field(), "events");
}

TEST_F(Publishing, PagesThroughEverythingOnce) {
  std::set<std::string> published;
  for (int i = 0; i < 23; ++i) published.insert(publish(std::to_string(i)));
  for (const std::string list : {"events", "deliveries"}) {
    std::set<std::string> seen;
    std::string cursor;
    do {
      const Reply page =
          server_.call("GET", "/api/v1/tenants/default/" + list + "?limit=5" + (cursor.empty() ? "" : "&cursor=" + cursor));
      const std::string name = list == "events" ? "\"uuid\":\"" : "\"event\":\"";
      for (auto at = page.body.find(name); at != std::string::npos; at = page.body.find(name, at + 1)) {
        EXPECT_TRUE(seen.insert(page.body.substr(at + name.size(), 36)).second);
      }
      cursor = page.member("nextCursor");
    } while (!cursor.empty());
    EXPECT_EQ(seen, published) << list;
  }
}

TEST_F(Publishing, ShowsAttemptsAndWhatTheyMadeOfTheDelivery) {
  const std::string delivery = delivery_of(publish("1"));
  const std::string path = "/api/v1/tenants/default/deliveries/" + delivery;
  domain::Attempt failed;
  failed.number = 1;
  failed.started_at = server_.clock().wall_now();
  failed.duration = std::chrono::microseconds(1'234'567);
  failed.failure = domain::FailureKind::status;
  failed.status = 503;
  failed.detail = "answered 503";
  failed.response = "busy \xff\x01 \"now\"";
  record(delivery, failed, domain::DeliveryState::pending);
  const Reply pending = server_.call("GET", path);
  EXPECT_NE(pending.body.find(R"("status":"pending","attempts":1,"nextAttemptAt":")"), std::string::npos) << pending.body;

  domain::Attempt timed_out;
  timed_out.number = 2;
  timed_out.started_at = server_.clock().wall_now();
  timed_out.failure = domain::FailureKind::timeout;
  timed_out.detail = "no answer";
  record(delivery, timed_out, domain::DeliveryState::exhausted);
  EXPECT_NE(server_.call("GET", path).body.find(R"("status":"exhausted","attempts":2,"nextAttemptAt":null)"),
            std::string::npos);

  const std::string attempts = server_.call("GET", path + "/attempts").body;
  EXPECT_NE(attempts.find(R"("durationMs":1234.567,"statusCode":503,"failure":"status","detail":"answered 503",)"
                          R"("response":"busy \ufffd\u0001 \"now\"")"),
            std::string::npos)
      << attempts;
  EXPECT_NE(attempts.find(R"("durationMs":0.000,"statusCode":null,"failure":"timeout","detail":"no answer","response":"")"),
            std::string::npos)
      << attempts;

  const Reply first = server_.call("GET", path + "/attempts?limit=1");
  const Reply second = server_.call("GET", path + "/attempts?limit=1&cursor=" + first.member("nextCursor"));
  EXPECT_NE(first.body.find("\"number\":1"), std::string::npos);
  EXPECT_NE(second.body.find("\"number\":2"), std::string::npos);
  EXPECT_EQ(second.member("nextCursor"), "");

  EXPECT_EQ(server_.call("POST", path + "/cancel").status, 409);
  EXPECT_EQ(server_.call("POST", path + "/resend").status, 202);
  EXPECT_EQ(server_.call("POST", path + "/resend").status, 409);
}

TEST_F(Publishing, ListsDeliveriesByStateTimeAndSubscription) {
  const std::string done = delivery_of(publish("1"));
  domain::Attempt attempt;
  attempt.number = 1;
  attempt.started_at = server_.clock().wall_now();
  attempt.status = 200;
  record(done, attempt, domain::DeliveryState::succeeded);
  server_.clock().advance(1h);
  const std::string later = to_rfc3339(server_.clock().wall_now());
  const std::string waiting = delivery_of(publish("2"));
  const auto listed = [&](const std::string& query) {
    const std::string body = server_.call("GET", "/api/v1/tenants/default/deliveries?" + query).body;
    return std::string(body.find(done) != std::string::npos ? "done " : "") +
           (body.find(waiting) != std::string::npos ? "waiting" : "");
  };
  EXPECT_EQ(listed(""), "done waiting");
  EXPECT_EQ(listed("status=succeeded"), "done ");
  EXPECT_EQ(listed("status=pending"), "waiting");
  EXPECT_EQ(listed("since=" + later), "waiting");
  EXPECT_EQ(listed("until=" + later), "done ");
  EXPECT_EQ(listed("subscription=" + subscription_), "done waiting");
  EXPECT_EQ(listed("subscription=" + subscription_ + "&status=pending&topic=a&since=" + later), "waiting");
  EXPECT_EQ(listed("topic=b"), "");
}

}  // namespace
}  // namespace posthorn::api::native
