#include "domain/outbound/attempt.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace posthorn::domain {
namespace {

TEST(FailureKind, HasAWordThatReadsBack) {
  for (int i = 0; i <= static_cast<int>(FailureKind::transform); ++i) {
    const auto kind = static_cast<FailureKind>(i);
    EXPECT_EQ(parse_failure_kind(to_text(kind)), kind);
  }
  EXPECT_FALSE(parse_failure_kind("nonsense"));
}

TEST(FailureKind, SaysSomethingOfTheEndpointOnlyWhenItWasAsked) {
  for (int i = 0; i <= static_cast<int>(FailureKind::transform); ++i) {
    const auto kind = static_cast<FailureKind>(i);
    EXPECT_EQ(concerns_endpoint(kind), kind != FailureKind::internal && kind != FailureKind::transform) << to_text(kind);
    if (!concerns_endpoint(kind)) {
      EXPECT_FALSE(is_unreachable(kind)) << to_text(kind);
    }
  }
}

TEST(RetryAfter, ReadsSecondsAndDatesAndIgnoresGarbage) {
  const auto now = *parse_rfc3339("1994-11-06T08:49:37Z");
  struct Case {
    std::string text;
    std::optional<std::chrono::seconds> expected;
  };
  const Case table[] = {
      {"0", 0s},
      {"120", 120s},
      {" 120 ", 120s},
      {"99999999999999999999", 1'000'000'000s},
      {"Sun, 06 Nov 1994 08:49:40 GMT", 3s},
      {"Sun, 06 Nov 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:36 GMT", std::nullopt},
      {"Mon, 07 Nov 1994 08:49:37 GMT", 24h},
      {"Xxx, 06 Nov 1994 08:49:40 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08.49.40 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:40 UTC", std::nullopt},
      {"Sun, 31 Feb 1995 08:49:40 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 25:49:40 GMT", std::nullopt},
      {"Sunday, 06-Nov-94 08:49:40 GMT", 3s},
      {"Wednesday, 09-Nov-94 08:49:37 GMT", 72h},
      {"Sunday, 06-Nov-94 08:49:36 GMT", std::nullopt},
      {"Sunday, 06-Nov-93 08:49:40 GMT", std::nullopt},
      {"Saturday, 06-Nov-04 08:49:37 GMT", 24h * 3653},
      {"Sunday, 06-Nov-45 08:49:40 GMT", std::nullopt},  // 1945
      {"Sun, 06-Nov-94 08:49:40 GMT", std::nullopt},
      {"Sunday, 06-Nov-1994 08:49:40 GMT", std::nullopt},
      {"Sunday, 06-Nov-94 08:49:40 UTC", std::nullopt},
      {"Xxxday, 06-Nov-94 08:49:40 GMT", std::nullopt},
      {"Sunday, 31-Feb-95 08:49:40 GMT", std::nullopt},
      {"Sun Nov  6 08:49:40 1994", 3s},
      {"Sun Nov 13 08:49:37 1994", 24h * 7},
      {"Sun Nov  6 08:49:36 1994", std::nullopt},
      {"Sun Nov 6 08:49:40 1994", std::nullopt},
      {"Sun Nov  6 08:49:40 94", std::nullopt},
      {"Xxx Nov  6 08:49:40 1994", std::nullopt},
      {"Sun Nov  6 24:49:40 1994", std::nullopt},
      {"Sun Nov  6 08:49:40 1994 GMT", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"+5", std::nullopt},
      {"", std::nullopt},
      {"soon", std::nullopt},
      {"5s", std::nullopt},
      {"0x10", std::nullopt},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(parse_retry_after(text, now), expected) << text;
}

}  // namespace
}  // namespace posthorn::domain
