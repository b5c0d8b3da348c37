#include "api/admin/operations.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace posthorn::api::admin {
namespace {

class OperationsTest : public ::testing::Test {
 protected:
  net::HttpResponse get(std::string_view pattern, const Operations& operations) {
    const auto all = routes(operations);
    for (const auto& route : all) {
      if (route.pattern != pattern) continue;
      const net::HttpRequest request;
      RequestContext context(request);
      net::HttpResponse response;
      boost::asio::io_context loop;
      boost::asio::co_spawn(loop, route.handler(context), [&](std::exception_ptr failed, Answer answer) {
        EXPECT_FALSE(failed);
        response = std::move(answer).value();
      });
      loop.run();
      return response;
    }
    ADD_FAILURE() << "no route " << pattern;
    return {};
  }

  observe::Metrics metrics_;
  Readiness readiness_{true, {}};
  Operations operations_{[this] { return readiness_; }, metrics_};
};

TEST_F(OperationsTest, IsLiveWhateverHappens) {
  readiness_ = {false, "starting"};
  const auto response = get("/health/live", operations_);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"live"})");
}

TEST_F(OperationsTest, IsReadyOrSaysWhyNot) {
  EXPECT_EQ(get("/health/ready", operations_).status, 200);
  readiness_ = {false, "the disk is full"};
  const auto response = get("/health/ready", operations_);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"status":"unavailable","reason":"the disk is full"})");
  readiness_ = {true, {}};
  EXPECT_EQ(get("/health/ready", operations_).body, R"({"status":"ready"})");
}

TEST_F(OperationsTest, ShowsMetricsInPrometheusText) {
  metrics_.events_accepted.add(3);
  const auto response = get("/metrics", operations_);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(response.body.find(" 3"), std::string::npos);
}

TEST_F(OperationsTest, AsksForTheKeyBeforeMetricsUnlessToldOtherwise) {
  const auto action_of_metrics = [&](MetricsAccess access) {
    operations_.metrics_access = access;
    return routes(operations_).back().action;
  };
  EXPECT_TRUE(action_of_metrics(MetricsAccess::with_key).has_value());
  EXPECT_FALSE(action_of_metrics(MetricsAccess::open).has_value());
}

}  // namespace
}  // namespace posthorn::api::admin
