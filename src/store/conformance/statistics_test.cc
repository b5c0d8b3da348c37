#include <gtest/gtest.h>

#include "store/conformance/fixture.h"

namespace posthorn::store::conformance {
namespace {

using domain::Counters;

Counters some(std::uint64_t delivered) {
  Counters counters;
  counters.add(Counters::delivered, delivered);
  return counters;
}

TEST_P(StoreConformance, AddsToCountersOfEachSeriesAndReadsARangeOfHours) {
  const auto tenant = bench_->make_tenant();
  const auto add = [&](SubscriptionKey subscription, const std::string& topic, std::int64_t hour, std::uint64_t count) {
    AddStatistics write;
    write.rows.push_back({{tenant.key, subscription, topic, hour}, some(count)});
    EXPECT_TRUE(ask<void>(loop_, [&](Done<void> done) { bench_->session->add_statistics(std::move(write), std::move(done)); }));
  };
  const auto read = [&](SubscriptionKey subscription, const std::string& topic, std::int64_t from, std::int64_t until) {
    auto hours = ask<std::vector<HourCounters>>(loop_, [&](Done<std::vector<HourCounters>> done) {
      bench_->session->read_statistics({tenant.key, subscription, topic, from, until}, std::move(done));
    });
    EXPECT_TRUE(hours);
    std::vector<std::pair<std::int64_t, std::uint64_t>> found;
    for (const auto& one : *hours) found.emplace_back(one.hour, one.counters.of(Counters::delivered));
    return found;
  };
  using Found = std::vector<std::pair<std::int64_t, std::uint64_t>>;
  add({}, "", 10, 1);
  add({}, "", 10, 2);
  add({}, "", 12, 5);
  add({}, "t", 10, 7);
  add({3}, "", 10, 9);
  if (GetParam().durable) reopen();
  EXPECT_EQ(read({}, "", 0, 100), (Found{{10, 3}, {12, 5}}));
  EXPECT_EQ(read({}, "", 11, 12), Found{});
  EXPECT_EQ(read({}, "t", 0, 100), (Found{{10, 7}}));
  EXPECT_EQ(read({3}, "", 10, 11), (Found{{10, 9}}));
  EXPECT_EQ(read({3}, "t", 10, 11), Found{});

  Expire write{};
  write.statistics_before = domain::start_of_hour(12);
  bench_->expire_all(write);
  EXPECT_EQ(read({}, "", 0, 100), (Found{{12, 5}}));
  EXPECT_EQ(read({3}, "", 0, 100), Found{});
  ASSERT_TRUE(bench_->remove(tenant.key));
  EXPECT_EQ(read({}, "", 0, 100), Found{});
}

}  // namespace
}  // namespace posthorn::store::conformance
