#include "base/clock.h"

#include <gtest/gtest.h>

namespace posthorn {
namespace {

using namespace std::chrono_literals;

Timestamp at_ms(std::int64_t milliseconds) { return Timestamp(Milliseconds(milliseconds)); }

TEST(Rfc3339, ReadsTimesInAnyOffset) {
  struct Case {
    std::string_view text;
    std::int64_t milliseconds;
  };
  const Case cases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.001Z", 1},
      {"1969-12-31T23:59:59.999Z", -1},
      {"2026-01-31T23:59:59.123Z", 1769903999123},
      {"2026-02-01T00:59:59.123+01:00", 1769903999123},
      {"2026-01-31T15:29:59.123-08:30", 1769903999123},
      {"2026-01-31T23:59:59.123+00:00", 1769903999123},
      {"2026-01-31T23:59:59.123-00:00", 1769903999123},
      {"2026-01-31t23:59:59.123z", 1769903999123},
      // RFC 3339, 5.8: the same instant twice, then a leap second twice.
      {"1985-04-12T23:20:50.52Z", 482196050520},
      {"1996-12-19T16:39:57-08:00", 851042397000},
      {"1990-12-31T23:59:60Z", 662688000000},
      {"1990-12-31T15:59:60-08:00", 662688000000},
      {"1937-01-01T12:00:27.87+00:20", -1041337172130},
      // Leap years: every fourth, not every hundredth, but every four-hundredth.
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"2000-02-29T12:00:00Z", 951825600000},
      {"0001-01-01T00:00:00Z", -62135596800000},
      {"9999-12-31T23:59:59.999Z", 253402300799999},
      {"9999-12-31T23:59:59.999+00:01", 253402300739999},
      {"0000-01-01T00:00:00Z", -62167219200000},
      {"0000-01-01T00:00:00-01:00", -62167215600000},
      {"2026-01-31T23:59:59+23:59", 1769817659000},
  };
  for (const auto& c : cases) {
    const auto time = parse_rfc3339(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(time->time_since_epoch().count(), c.milliseconds) << c.text;
  }
}

TEST(Rfc3339, CutsFractionsToMilliseconds) {
  struct Case {
    std::string_view fraction;
    int milliseconds;
  };
  const Case cases[] = {{"", 0},        {".0", 0},    {".1", 100},         {".12", 120},     {".123", 123},
                        {".1239", 123}, {".0009", 0}, {".999999999", 999}, {".000000001", 0}};
  for (const auto& c : cases) {
    const auto time = parse_rfc3339("1970-01-01T00:00:00" + std::string(c.fraction) + "Z");
    ASSERT_TRUE(time) << c.fraction;
    EXPECT_EQ(time->time_since_epoch().count(), c.milliseconds) << c.fraction;
  }
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const std::string_view text : {
           "",
           "2026",
           "2026-01-31",
           "2026-01-31T23:59:59",    // no offset
           "2026-01-31 23:59:59Z",   // the RFC allows it, we do not
           "2026-01-31T23:59:59.Z",  // a point without digits
           "2026-01-31T23:59:59.1234567890Z",
           "2026-01-31T23:59:59,5Z",
           "2026-01-31T24:00:00Z",
           "2026-01-31T23:60:00Z",
           "2026-01-31T23:59:61Z",
           "2026-00-10T00:00:00Z",
           "2026-13-10T00:00:00Z",
           "2026-01-00T00:00:00Z",
           "2026-01-32T00:00:00Z",
           "2026-04-31T00:00:00Z",
           "2026-02-29T00:00:00Z",  // not a leap year
           "1900-02-29T00:00:00Z",
           "2026-1-31T23:59:59Z",
           "26-01-31T23:59:59Z",
           "+2026-01-31T23:59:59Z",
           "-2026-01-31T23:59:59Z",
           " 2026-01-31T23:59:59Z",
           "2026-01-31T23:59:59Z ",
           "2026-01-31T23:59:59ZZ",
           "2026-01-31T23:59:59+0100",
           "2026-01-31T23:59:59+1:00",
           "2026-01-31T23:59:59+24:00",
           "2026-01-31T23:59:59+00:60",
           "2026-01-31T23:59:59+01:00Z",
           "2026-01-31T23:59:59\xe2\x88\x92"
           "01:00",  // a typographic minus
           "2026/01/31T23:59:59Z",
           "2026-01-31T-3:59:59Z",
           "2026-01-31T23:59Z",
           "20260131T235959Z",
           "9999-12-31T23:59:60Z",  // in UTC these are before year 0 or after year 9999
           "9999-12-31T23:59:59-01:00",
           "9999-12-31T23:59:00.999-00:01",
           "0000-01-01T00:00:00+01:00",
           "0000-01-01T00:00:59.999+00:01",
       }) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
  EXPECT_FALSE(parse_rfc3339(std::string_view("2026-01-31T23:59:59Z\0", 21)));
}

TEST(Rfc3339, WritesWhatItReads) {
  EXPECT_EQ(to_rfc3339(at_ms(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at_ms(-1)), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(at_ms(1769903999123)), "2026-01-31T23:59:59.123Z");
  EXPECT_EQ(to_rfc3339(at_ms(951825600000)), "2000-02-29T12:00:00.000Z");
  for (std::int64_t ms = -62167219200000; ms < 253402300799999; ms += 7'919'123'456'7) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(at_ms(ms))), at_ms(ms));
  }
}

TEST(ManualClock, MovesAllThreeReadingsTogether) {
  ManualClock clock(at_ms(1000));
  const SteadyTime start = clock.steady_now();
  clock.advance(2500ms);
  EXPECT_EQ(clock.wall_now(), at_ms(3500));
  EXPECT_EQ(clock.schedule_now(), at_ms(3500));
  EXPECT_EQ(clock.steady_now() - start, 2500ms);
}

TEST(ManualClock, KeepsWhatIsLessThanAMillisecond) {
  ManualClock clock(at_ms(0));
  for (int i = 0; i < 10; ++i) clock.advance(300us);
  EXPECT_EQ(clock.wall_now(), at_ms(3));
  EXPECT_EQ(clock.steady_now().time_since_epoch(), 3ms);
}

TEST(ManualClock, JumpsOfTheWallLeaveTheScheduleAlone) {
  ManualClock clock(at_ms(10'000));
  clock.jump_wall(-5s);
  EXPECT_EQ(clock.wall_now(), at_ms(5000));
  EXPECT_EQ(clock.schedule_now(), at_ms(10'000));
  clock.advance(1s);
  EXPECT_EQ(clock.wall_now(), at_ms(6000));
  EXPECT_EQ(clock.schedule_now(), at_ms(11'000));
}

TEST(SystemClock, AgreesWithTheMachine) {
  const auto before = std::chrono::system_clock::now();
  const SystemClock clock;
  const Timestamp wall = clock.wall_now();
  const Timestamp schedule = clock.schedule_now();
  EXPECT_GE(wall, std::chrono::floor<Milliseconds>(before));
  EXPECT_LT(schedule - wall, 1s);
  EXPECT_LT(wall - schedule, 1s);
  const SteadyTime first = clock.steady_now();
  EXPECT_GE(clock.steady_now(), first);
}

}  // namespace
}  // namespace posthorn
