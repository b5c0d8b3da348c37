#include <gtest/gtest.h>

#include "api/testing/test_server.h"

namespace posthorn::api::native {
namespace {

using testing::TestServer;

TEST(StatisticsResource, ShowsEveryStepOfTheTimeAndItsSum) {
  TestServer server;
  ASSERT_EQ(server.call("PUT", "/api/v1/tenants/default/topics/a", "{}").status, 201);
  ASSERT_EQ(server.call("PUT", "/api/v1/tenants/default/topics/b", "{}").status, 201);
  for (int i = 0; i < 3; ++i) server.call("POST", "/api/v1/tenants/default/events", R"({"topic":"a","data":1})");
  server.call("POST", "/api/v1/tenants/default/events", R"({"topic":"b","data":1})");

  const std::string path = "/api/v1/tenants/default/statistics";
  const auto counted = [](int accepted) {
    return R"("accepted":)" + std::to_string(accepted) +
           R"(,"delivered":0,"exhausted":0,"attempts":0,"failedAttempts":{},"latencyMs":{"p50":null,"p95":null,"p99":null})";
  };
  EXPECT_EQ(server.call("GET", path + "?from=2023-11-14T21:59:59Z&to=2023-11-14T22:59:59Z").body,
            R"({"step":"hour","from":"2023-11-14T21:00:00.000Z","to":"2023-11-14T23:00:00.000Z","total":{)" + counted(4) +
                R"(},"items":[{"start":"2023-11-14T21:00:00.000Z",)" + counted(0) +
                R"(},{"start":"2023-11-14T22:00:00.000Z",)" + counted(4) + "}]}");
  EXPECT_EQ(server.call("GET", path + "?from=2023-11-14T00:00:00Z&to=2023-11-15T00:00:00Z&step=day&topic=a").body,
            R"({"step":"day","from":"2023-11-14T00:00:00.000Z","to":"2023-11-15T00:00:00.000Z","total":{)" + counted(3) +
                R"(},"items":[{"start":"2023-11-14T00:00:00.000Z",)" + counted(3) + "}]}");
  EXPECT_NE(server.call("GET", path).body.find(counted(4)), std::string::npos) << "the last day";
}

TEST(StatisticsResource, RefusesTimesThatAreTooLongOrTheWrongWayRound) {
  TestServer server;
  struct Case {
    std::string query;
    std::string field;
  };
  for (const auto& [query, field] :
       {Case{"from=2023-01-01T00:00:00Z&to=2023-01-01T00:00:00Z", "from"}, Case{"from=x", "from"}, Case{"to=2023", "to"},
        Case{"from=2023-01-01T00:00:00Z&to=2023-02-02T00:00:00Z", "from"}, Case{"step=week", "step"}, Case{"topic=*", "topic"},
        Case{"from=2020-01-01T00:00:00Z&to=2023-01-01T00:00:00Z&step=day", "from"}, Case{"subscription=x", "subscription"}}) {
    const auto reply = server.call("GET", "/api/v1/tenants/default/statistics?" + query);
    EXPECT_EQ(reply.status, 422) << query;
    EXPECT_EQ(reply.field(), field) << query;
  }
}

}  // namespace
}  // namespace posthorn::api::native
