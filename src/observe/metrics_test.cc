#include "observe/metrics.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace posthorn::observe {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, StartAtZeroUnderTheirNames) {
  Metrics metrics;
  const std::string text = metrics.scrape();
  for (const std::string name :
       {"posthorn_events_accepted_total", "posthorn_events_refused_total", "posthorn_deliveries_created_total",
        "posthorn_deliveries_succeeded_total", "posthorn_deliveries_exhausted_total", "posthorn_deliveries_cancelled_total",
        "posthorn_attempts_total"}) {
    EXPECT_TRUE(has_line(text, name + " 0")) << name << "\n" << text;
    EXPECT_TRUE(has_line(text, "# TYPE " + name + " counter")) << name;
    EXPECT_NE(text.find("# HELP " + name + " "), std::string::npos) << name;
  }
  for (const std::string name :
       {"posthorn_publish_seconds", "posthorn_delivery_seconds", "posthorn_attempt_seconds", "posthorn_store_commit_seconds",
        "posthorn_store_commit_writes", "posthorn_loop_lag_seconds"}) {
    EXPECT_TRUE(has_line(text, "# TYPE " + name + " histogram")) << name;
    EXPECT_TRUE(has_line(text, name + "_count 0")) << name;
  }
}

TEST(Metrics, EachCounterCountsUnderItsOwnName) {
  Metrics metrics;
  metrics.events_accepted.add(1);
  metrics.events_refused.add(2);
  metrics.deliveries_created.add(3);
  metrics.deliveries_succeeded.add(4);
  metrics.deliveries_exhausted.add(5);
  metrics.attempts_made.add(6);
  metrics.deliveries_cancelled.add(7);
  const std::string text = metrics.scrape();
  for (const std::string line :
       {"posthorn_events_accepted_total 1", "posthorn_events_refused_total 2", "posthorn_deliveries_created_total 3",
        "posthorn_deliveries_succeeded_total 4", "posthorn_deliveries_exhausted_total 5", "posthorn_attempts_total 6",
        "posthorn_deliveries_cancelled_total 7"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(Metrics, FailuresCountByKind) {
  Metrics metrics;
  Counter& timeouts = metrics.attempts_failed("timeout");
  timeouts.add();
  metrics.attempts_failed("tls").add(2);
  metrics.attempts_failed("timeout").add();
  EXPECT_EQ(&timeouts, &metrics.attempts_failed("timeout"));
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_attempts_failed_total{kind=\"timeout\"} 2")) << text;
  EXPECT_TRUE(has_line(text, "posthorn_attempts_failed_total{kind=\"tls\"} 2")) << text;
}

TEST(Metrics, KindsBeyondTheLimitCountAsOther) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kFailureKindsMax + 10; ++i) metrics.attempts_failed("kind" + std::to_string(i)).add();
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_attempts_failed_total{kind=\"other\"} 10")) << text;
}

TEST(Metrics, HistogramsHaveBucketsFromAQuarterMillisecondToAMinute) {
  Metrics metrics;
  metrics.attempt_seconds.observe_seconds(0.0001);
  metrics.attempt_seconds.observe_seconds(0.02);
  metrics.attempt_seconds.observe_seconds(59);
  metrics.attempt_seconds.observe_seconds(3600);
  metrics.publish_seconds.observe_seconds(0.001);
  const std::string text = metrics.scrape();
  for (const std::string line :
       {"posthorn_attempt_seconds_bucket{le=\"0.00025\"} 1", "posthorn_attempt_seconds_bucket{le=\"0.01\"} 1",
        "posthorn_attempt_seconds_bucket{le=\"0.025\"} 2", "posthorn_attempt_seconds_bucket{le=\"60\"} 3",
        "posthorn_attempt_seconds_bucket{le=\"+Inf\"} 4", "posthorn_attempt_seconds_count 4",
        "posthorn_publish_seconds_count 1", "posthorn_publish_seconds_sum 0.001", "posthorn_delivery_seconds_count 0"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(Metrics, WritesInATransactionAreCountedInBucketsOfTheirOwn) {
  Metrics metrics;
  metrics.commit_writes.observe(1);
  metrics.commit_writes.observe(3);
  metrics.commit_writes.observe(6000);
  const std::string text = metrics.scrape();
  for (const std::string line :
       {"posthorn_store_commit_writes_bucket{le=\"1\"} 1", "posthorn_store_commit_writes_bucket{le=\"5\"} 2",
        "posthorn_store_commit_writes_bucket{le=\"5000\"} 2", "posthorn_store_commit_writes_bucket{le=\"+Inf\"} 3",
        "posthorn_store_commit_writes_sum 6004"}) {
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  }
}

TEST(Metrics, CountersThatAreReadSayThatTheyOnlyGrow) {
  Metrics metrics;
  double runs = 3;
  metrics.counter("posthorn_script_runs", "Scripts run.", [&] { return runs; });
  EXPECT_TRUE(has_line(metrics.scrape(), "posthorn_script_runs 3"));
  runs = 4;
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_script_runs 4")) << text;
  EXPECT_TRUE(has_line(text, "# TYPE posthorn_script_runs counter")) << text;
}

TEST(Metrics, AKindOfFailureIsThereFromWhenItWasFirstAskedFor) {
  Metrics metrics;
  metrics.attempts_failed("timeout");
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_attempts_failed_total{kind=\"timeout\"} 0")) << text;
}

TEST(Metrics, GaugesAreReadAtEachScrape) {
  Metrics metrics;
  double depth = 3;
  metrics.gauge("posthorn_lane_depth", "Deliveries in memory.", [&] { return depth; });
  EXPECT_TRUE(has_line(metrics.scrape(), "posthorn_lane_depth 3"));
  depth = 0.5;
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_lane_depth 0.5")) << text;
  EXPECT_TRUE(has_line(text, "# TYPE posthorn_lane_depth gauge")) << text;
  EXPECT_TRUE(has_line(text, "# HELP posthorn_lane_depth Deliveries in memory.")) << text;
}

TEST(Metrics, CountEverythingThatThreadsAdd) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        metrics.attempts_made.add();
        metrics.attempt_seconds.observe_seconds(0.001);
        if (i % 100 == 0) metrics.attempts_failed(i % 200 == 0 ? "status" : "timeout").add();
        if (i % 1000 == 0) {
          EXPECT_FALSE(metrics.scrape().empty());
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string text = metrics.scrape();
  EXPECT_TRUE(has_line(text, "posthorn_attempts_total 20000")) << text;
  EXPECT_TRUE(has_line(text, "posthorn_attempt_seconds_count 20000")) << text;
  EXPECT_TRUE(has_line(text, "posthorn_attempts_failed_total{kind=\"status\"} 100")) << text;
}

TEST(MetricsDeathTest, RefuseNamesThatAreTakenOrNotOurs) {
  Metrics metrics;
  metrics.gauge("posthorn_a", "A.", [] { return 1.0; });
  EXPECT_DEATH(metrics.gauge("posthorn_a", "A.", [] { return 1.0; }), "broken invariant");
  EXPECT_DEATH(metrics.gauge("posthorn a", "A.", [] { return 1.0; }), "broken invariant");
  EXPECT_DEATH(metrics.gauge("lane_depth", "A.", [] { return 1.0; }), "broken invariant");
}

}  // namespace
}  // namespace posthorn::observe
