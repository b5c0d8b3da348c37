#include "domain/outbound/statistics.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

TEST(Statistics, FindsTheBucketOfALatency) {
  struct Case {
    std::int64_t ms;
    std::size_t bucket;
  };
  for (const auto& [ms, bucket] : {Case{-5, 0}, Case{0, 0}, Case{1, 0}, Case{2, 1}, Case{3, 2}, Case{5, 2}, Case{6, 3},
                                   Case{86'400'000, 23}, Case{86'400'001, 24}, Case{std::int64_t{1} << 60, 24}}) {
    EXPECT_EQ(latency_bucket(Milliseconds(ms)), bucket) << ms;
  }
}

TEST(Statistics, ComputesPercentilesWithinTheBucket) {
  Counters counters;
  EXPECT_EQ(counters.latency_ms(0.5), std::nullopt);
  for (int i = 0; i < 90; ++i) counters.add_latency(Milliseconds(8));    // 5 to 10
  for (int i = 0; i < 10; ++i) counters.add_latency(Milliseconds(150));  // 100 to 200
  EXPECT_NEAR(*counters.latency_ms(0.45), 7.5, 1e-9);
  EXPECT_NEAR(*counters.latency_ms(0.90), 10, 1e-9);
  EXPECT_NEAR(*counters.latency_ms(0.95), 150, 1e-9);
  EXPECT_NEAR(*counters.latency_ms(1.0), 200, 1e-9);
  Counters late;
  late.add_latency(Milliseconds(std::int64_t{100} * 86'400'000));
  EXPECT_EQ(late.latency_ms(0.5), 86'400'000.0);
}

TEST(Statistics, AddsAndKeepsCounters) {
  Counters one;
  one.add(Counters::delivered, 3);
  one.add(Counters::accepted);
  one.add(Counters::exhausted, 0);
  one.add_failure(FailureKind::timeout);
  Counters two;
  two.add(Counters::delivered, std::uint64_t{1} << 40);
  two.add_latency(Milliseconds(std::int64_t{1} << 60));
  two.add(one);
  EXPECT_EQ(two.of(Counters::accepted), 1u);
  EXPECT_EQ(two.of(Counters::delivered), (std::uint64_t{1} << 40) + 3);
  EXPECT_EQ(two.of(Counters::attempts), 0u);
  EXPECT_EQ(two.failures(FailureKind::timeout), 1u);
  EXPECT_EQ(Counters::decode(two.encode()), two);
  EXPECT_EQ(Counters::decode(""), Counters());
  const std::string text = two.encode();
  for (std::size_t size = 0; size < text.size(); ++size) Counters::decode(text.substr(0, size));
}

Counters some(std::uint64_t delivered) {
  Counters counters;
  counters.add(Counters::delivered, delivered);
  return counters;
}

TEST(Statistics, RollsTheFinestSeriesUpIntoEachSeriesOnce) {
  const TenantKey tenant{1};
  const CountedSeries finest{{{tenant, {7}, "a", 5}, some(1)},
                             {{tenant, {7}, "b", 5}, some(2)},
                             {{tenant, {8}, "a", 5}, some(4)},
                             {{tenant, {}, "a", 5}, some(8)},
                             {{{2}, {7}, "a", 6}, some(16)}};
  const CountedSeries expected{
      {{tenant, {}, "", 5}, some(15)}, {{tenant, {}, "a", 5}, some(13)}, {{tenant, {}, "b", 5}, some(2)},
      {{tenant, {7}, "", 5}, some(3)}, {{tenant, {7}, "a", 5}, some(1)}, {{tenant, {7}, "b", 5}, some(2)},
      {{tenant, {8}, "", 5}, some(4)}, {{tenant, {8}, "a", 5}, some(4)}, {{{2}, {}, "", 6}, some(16)},
      {{{2}, {}, "a", 6}, some(16)},   {{{2}, {7}, "", 6}, some(16)},    {{{2}, {7}, "a", 6}, some(16)}};
  EXPECT_EQ(roll_up(finest), expected);
  EXPECT_TRUE(roll_up({}).empty());
}

TEST(Statistics, KeepsSeriesBehindEachOtherInOneText) {
  const CountedSeries written{{{{1}, {}, "document.created", 490'000}, some(3)},
                              {{{std::int64_t{1} << 62}, {(std::int64_t{1} << 62) + 5}, "", 0}, some(std::uint64_t{1} << 50)},
                              {{{2}, {3}, std::string(300, 't'), 1}, Counters()}};
  std::string text;
  for (const auto& [series, counters] : written) append_counted(text, series, counters);
  CountedSeries read;
  std::string_view rest = text;
  while (const auto one = take_counted(rest)) read.insert(*one);
  EXPECT_EQ(read, written);
  EXPECT_TRUE(rest.empty());
  for (std::size_t size = 0; size < text.size(); ++size) {
    std::string_view damaged = std::string_view(text).substr(0, size);
    std::size_t taken = 0;
    while (take_counted(damaged)) ++taken;
    EXPECT_LT(taken, written.size()) << size;
  }
}

TEST(Statistics, CountsHoursInUtcAlsoBefore1970) {
  EXPECT_EQ(hour_of(Timestamp(Milliseconds(3'600'000 - 1))), 0);
  EXPECT_EQ(hour_of(Timestamp(Milliseconds(3'600'000))), 1);
  EXPECT_EQ(hour_of(Timestamp(Milliseconds(-1))), -1);
  EXPECT_EQ(start_of_hour(2), Timestamp(Milliseconds(7'200'000)));
}

}  // namespace
}  // namespace posthorn::domain
