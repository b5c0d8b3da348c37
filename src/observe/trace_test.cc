#include "observe/trace.h"

#include <gtest/gtest.h>

#include <set>

namespace posthorn::observe {
namespace {

TEST(Traceparent, AcceptsVersionZeroAndLaterVersions) {
  for (const std::string_view text : {
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff",
           "00-00000000000000000000000000000001-0000000000000001-01",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-will-be-like",
           "fe-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
       }) {
    EXPECT_TRUE(is_traceparent(text)) << text;
  }
}

TEST(Traceparent, RefusesEverythingElse) {
  for (const std::string_view text : {
           "",
           "00",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",  // forbidden version
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",  // trace id of zeros
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",  // parent id of zeros
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",  // upper case
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
           "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",
           "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",  // short
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",  // version 00 has nothing behind the flags
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01extra",  // later ones only after a dash
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-a b",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-a\r\nx: y",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       }) {
    EXPECT_FALSE(is_traceparent(text)) << text;
  }
  EXPECT_FALSE(is_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-" + std::string(10'000, 'x')));
}

TEST(Traceparent, NewOnesAreSampledAndDiffer) {
  SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = make_traceparent(random);
    EXPECT_TRUE(is_traceparent(text)) << text;
    EXPECT_TRUE(text.starts_with("00-") && text.ends_with("-01")) << text;
    EXPECT_TRUE(seen.insert(text).second);
  }
}

class Zeros final : public Random {
 public:
  std::uint64_t next() override { return ++calls_ % 5 == 0 ? 1 : 0; }

 private:
  int calls_ = 0;
};

TEST(Traceparent, NeverHasIdsOfZeros) {
  Zeros random;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is_traceparent(make_traceparent(random)));
}

}  // namespace
}  // namespace posthorn::observe
