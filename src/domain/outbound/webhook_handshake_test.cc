#include "domain/outbound/webhook_handshake.h"

#include <gtest/gtest.h>

namespace posthorn::domain {
namespace {

TEST(WebhookHandshake, AsksForTheOriginAndARateIfThereIsOne) {
  EXPECT_EQ(handshake_header_lines("hooks.example", std::nullopt), "WebHook-Request-Origin: hooks.example\r\n");
  EXPECT_EQ(handshake_header_lines("hooks.example", 120),
            "WebHook-Request-Origin: hooks.example\r\nWebHook-Request-Rate: 120\r\n");
}

TEST(WebhookHandshake, CountsMinutes) {
  EXPECT_EQ(requests_per_minute(2), 120U);
  EXPECT_EQ(requests_per_minute(0.5), 30U);
  EXPECT_EQ(requests_per_minute(0.001), 1U);
  EXPECT_EQ(requests_per_minute(1e30), 1'000'000'000U);
}

struct Case {
  int status;
  std::string_view origin, rate;
  bool agreed;
  double per_second;  // 0: no limit
};

TEST(WebhookHandshake, ConsentIsA2xxThatAllowsUs) {
  const Case cases[] = {
      {200, "hooks.example", {}, true, 0},
      {204, "*", "*", true, 0},
      {200, "Hooks.Example", "120", true, 2},
      {200, "other.example, hooks.example", " 30 ", true, 0.5},
      {200, "hooks.example", "1", true, 1.0 / 60},
      {200, {}, "120", false, 0},
      {200, "", "120", false, 0},
      {200, "other.example", "120", false, 0},
      {200, "hooks.example.evil", "120", false, 0},
      {200, "hooks.example", "0", false, 0},
      {200, "hooks.example", "-1", false, 0},
      {200, "hooks.example", "fast", false, 0},
      {200, "hooks.example", "1.5", false, 0},
      {404, "hooks.example", {}, false, 0},
      {405, "*", {}, false, 0},
      {301, "*", {}, false, 0},
      {500, "*", {}, false, 0},
  };
  for (const auto& row : cases) {
    const auto consent = read_handshake_answer("hooks.example", row.status, row.origin, row.rate);
    ASSERT_EQ(consent.has_value(), row.agreed) << row.status << " " << row.origin << " " << row.rate;
    if (!consent) {
      EXPECT_FALSE(consent.error().message.empty());
      continue;
    }
    EXPECT_EQ(consent->per_second.has_value(), row.per_second > 0);
    EXPECT_DOUBLE_EQ(consent->per_second.value_or(0), row.per_second);
  }
}

TEST(WebhookHandshake, TheStricterLimitHolds) {
  EXPECT_EQ(limit_with(std::nullopt, 2.0), (RateLimit{2.0, 1}));
  EXPECT_EQ(limit_with(RateLimit{5, 10}, 2.0), (RateLimit{2.0, 1}));
  EXPECT_EQ(limit_with(RateLimit{1, 10}, 2.0), (RateLimit{1, 10}));
}

}  // namespace
}  // namespace posthorn::domain
